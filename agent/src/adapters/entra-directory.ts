import type { EmitFact } from '@lakewarden/core';
import type { Authenticator } from '../api/tokens.ts';
import type { AzureRoutes } from './azure-routes.ts';
import { createSigningKeys, keyDocumentReader } from './entra-keys.ts';
import { createEntraTokens, type EntraTokensOptions } from './entra-tokens.ts';

export interface EntraDirectoryOptions extends Omit<EntraTokensOptions, 'keys'> {
  readonly routes: AzureRoutes | undefined;
  readonly emit: EmitFact;
  /** Fires when the agent stops. */
  readonly signal: AbortSignal;
}

/** The tenant over the wire. Nothing is asked of it before the first token comes. */
export function openEntraDirectory({ routes, emit, signal, ...entra }: EntraDirectoryOptions): Authenticator {
  const url = `${entra.authority}/${entra.tenantId}/discovery/v2.0/keys`;
  const read = keyDocumentReader({ url, routes, signal });
  return createEntraTokens({ ...entra, keys: createSigningKeys({ read, emit }) });
}
