import { randomUUID } from 'node:crypto';
import type { HttpAnswer, HttpRequest } from '../server/service.ts';
import { json } from './answers.ts';
import type { TokenAuthority, TokenSubject } from './token-authority.ts';
import { isResource, isSameSecret } from './token-request.ts';

const managedIdentityLifetimeS = 86_400;

export interface ManagedIdentity {
  readonly authority: TokenAuthority;
  readonly identity: TokenSubject;
  /** What X-IDENTITY-HEADER must hold. */
  readonly identityHeader: string;
  /** The application's id, accepted as `client_id` too, so that one AZURE_CLIENT_ID serves both credentials. */
  readonly aliasClientId: string;
}

/**
 * GET /msi/token?api-version=2019-08-01&resource=..., the endpoint of App Service and Container Apps.
 * Source: MS Learn "How to use managed identities for App Service", REST endpoint reference; msal-node `AppService`.
 * Assumption: a wrong X-IDENTITY-HEADER is 401 (undocumented).
 */
export async function answerManagedIdentity(
  asker: ManagedIdentity,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const { query } = request;
  const header = request.headers['x-identity-header'];
  if (typeof header !== 'string' || !isSameSecret(header, asker.identityHeader)) {
    return managedIdentityError(401, 'X-IDENTITY-HEADER is missing or wrong.');
  }
  if (query.get('api-version') !== '2019-08-01') {
    return managedIdentityError(400, 'The api-version must be 2019-08-01.');
  }
  const resource = query.get('resource') ?? '';
  if (!isResource(resource))
    return managedIdentityError(400, 'The resource is missing or not a resource URI.');
  const asked = query.get('client_id') ?? query.get('principal_id') ?? query.get('object_id');
  const named = [asker.aliasClientId, asker.identity.clientId, asker.identity.objectId];
  if (query.has('mi_res_id') || (asked !== null && !named.includes(asked))) {
    return managedIdentityError(400, 'No user-assigned identity of that name exists.');
  }
  const issued = await asker.authority.issue(resource, asker.identity, managedIdentityLifetimeS);
  return json(200, {
    access_token: issued.token,
    expires_on: String(issued.expiresOnS),
    resource,
    token_type: 'Bearer',
    client_id: asker.identity.clientId,
  });
}

export function managedIdentityError(statusCode: number, message: string): HttpAnswer {
  return json(statusCode, { statusCode, message, correlationId: randomUUID() });
}
