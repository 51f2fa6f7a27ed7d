import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { HttpAnswer, HttpRequest, Identity, IdentityOptions } from '../server/service.ts';
import { entraError, json, methodRefused } from './answers.ts';
import { registerApi } from './api-registration.ts';
import { type Application, answerClientCredentials } from './client-credentials.ts';
import { answerManagedIdentity, type ManagedIdentity, managedIdentityError } from './managed-identity.ts';
import { openTokenAuthority } from './token-authority.ts';

/** How a caller may name the tenant besides by its id. */
const anyTenant = new Set(['common', 'organizations']);

/**
 * The part of Microsoft Entra that token credentials speak to, and the managed-identity endpoint of Container Apps.
 * Assumptions: one application, Azure Monitor's (with the same secret), one API and one identity exist; a token may be asked for any https resource or GUID.
 */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const { secrets, now } = options;
  const { tenantId, clientId, clientSecret, identityHeader } = secrets;
  const api = registerApi(secrets.agentApiId, clientId);
  const authority = await openTokenAuthority({ dir: join(options.dataDir, 'identity'), tenantId, api, now });
  const application: Application = {
    authority,
    subjectOf: (id) =>
      api.clientIds.includes(id) ? { clientId: id, objectId: stableId('app', id) } : undefined,
    clientSecret,
    now,
  };
  const managed: ManagedIdentity = {
    authority,
    identity: { clientId: stableId('msi-client', clientId), objectId: stableId('msi', clientId) },
    identityHeader,
    aliasClientId: clientId,
  };

  async function handle(request: HttpRequest): Promise<HttpAnswer> {
    const endpoint = endpointOf(request.rawPath);
    if (endpoint === undefined) {
      return json(404, { error: 'not_found', error_description: 'No such endpoint.' });
    }
    if (request.method !== endpoint.method) return methodRefused(endpoint.method);
    if (endpoint.tenant !== undefined && endpoint.tenant !== tenantId && !anyTenant.has(endpoint.tenant)) {
      return entraError(now(), 400, 'invalid_request', 90002, `Tenant '${endpoint.tenant}' not found.`);
    }
    switch (endpoint.name) {
      case 'managed-identity-token':
        return answerManagedIdentity(managed, request);
      case 'instance-discovery':
        return instanceDiscovery(request.query.get('authorization_endpoint') ?? '');
      case 'openid-configuration':
        return openIdConfiguration(originOf(request), endpoint.tenant ?? tenantId, tenantId);
      case 'keys':
        return json(200, { keys: authority.jwks });
      case 'token':
        return answerClientCredentials(application, request);
    }
  }

  return {
    http: {
      handle,
      operation: (request) => endpointOf(request.rawPath)?.name,
      errorAnswer: (request, { status, code, message }) =>
        request.rawPath === '/msi/token'
          ? managedIdentityError(status, message)
          : json(status, { error: code, error_description: message }),
    },
    verifyToken: authority.verifyToken,
  };
}

interface Endpoint {
  readonly name: 'managed-identity-token' | 'instance-discovery' | 'openid-configuration' | 'keys' | 'token';
  readonly method: 'GET' | 'POST';
  readonly tenant?: string;
}

function endpointOf(rawPath: string): Endpoint | undefined {
  if (rawPath === '/msi/token') return { name: 'managed-identity-token', method: 'GET' };
  if (rawPath === '/common/discovery/instance') return { name: 'instance-discovery', method: 'GET' };
  const [, tenant, rest] = /^\/([A-Za-z0-9.-]{1,64})\/(.+)$/.exec(rawPath) ?? [];
  if (tenant === undefined) return undefined;
  switch (rest) {
    case 'oauth2/v2.0/token':
      return { name: 'token', method: 'POST', tenant };
    case 'v2.0/.well-known/openid-configuration':
    case '.well-known/openid-configuration':
      return { name: 'openid-configuration', method: 'GET', tenant };
    case 'discovery/v2.0/keys':
    case 'discovery/keys':
      return { name: 'keys', method: 'GET', tenant };
    default:
      return undefined;
  }
}

/** A routed client believes that it speaks to the production host, so the endpoints named to it lie there. */
function originOf(request: HttpRequest): string {
  const routed = request.headers['x-lakewarden-host'];
  return typeof routed === 'string' && /^[A-Za-z0-9.-]+$/.test(routed) ? `https://${routed}` : request.origin;
}

/** MSAL asks this before it trusts an authority that it does not know. Source: msal-common `Authority`. */
function instanceDiscovery(authorizationEndpoint: string): HttpAnswer {
  const [, host, tenant] = /^https:\/\/([^/]+)\/([^/]+)\//.exec(authorizationEndpoint) ?? [];
  if (host === undefined || tenant === undefined) {
    return json(400, { error: 'invalid_request', error_description: 'authorization_endpoint is missing.' });
  }
  return json(200, {
    tenant_discovery_endpoint: `https://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  });
}

function openIdConfiguration(origin: string, tenant: string, tenantId: string): HttpAnswer {
  const base = `${origin}/${tenant}`;
  return json(200, {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    // The real host: MSAL accepts only its own origin or a known Microsoft one, and our ports change.
    issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    cloud_instance_name: 'microsoftonline.com',
  });
}

/** A GUID that is the same after every restart, since role assignments and logs name it. */
function stableId(kind: string, seed: string): string {
  const hex = createHash('sha256').update(`${kind}:${seed}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
