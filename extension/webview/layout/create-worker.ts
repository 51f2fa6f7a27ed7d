import { source } from 'inline:./layout.worker.ts';

/**
 * The worker comes with the page: a webview may load no second script, so its source is a text in the first one. Nothing
 * from outside ever gets into it.
 */
export function createLayoutWorker(): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(trusted(url), { name: 'layout' });
  URL.revokeObjectURL(url);
  return worker;
}

/** Where a page demands trusted types (the status page does), this is the one script that may be started. */
function trusted(url: string): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  policy ??= types?.createPolicy('lakewarden-layout', { createScriptURL: (own) => own });
  return policy?.createScriptURL(url) ?? url;
}
let policy: TrustedPolicy | undefined;

interface TrustedPolicy {
  /** An object in truth; `Worker` takes it where a text would be refused. */
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: TrustedPolicy): TrustedPolicy;
}
