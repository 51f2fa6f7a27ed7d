import type { HttpAnswer, HttpRequest } from '../server/service.ts';
import { entraError, json } from './answers.ts';
import type { TokenAuthority, TokenSubject } from './token-authority.ts';
import { isResource, isSameSecret } from './token-request.ts';

/** Entra's default life of an application's token. */
const clientCredentialsLifetimeS = 3599;
const bodyBytesMax = 65_536;

export interface Application {
  readonly authority: TokenAuthority;
  /** Undefined: no such application has a secret here. */
  readonly subjectOf: (clientId: string) => TokenSubject | undefined;
  readonly clientSecret: string;
  readonly now: () => number;
}

/**
 * POST /{tenant}/oauth2/v2.0/token with grant_type=client_credentials and a secret, in the body or as Basic.
 * Sources: msal-node `ClientCredentialClient`; MS Learn "Microsoft identity platform and the OAuth 2.0 client
 * credentials flow" and "Microsoft Entra authentication and authorization error codes".
 */
export async function answerClientCredentials(asker: Application, request: HttpRequest): Promise<HttpAnswer> {
  const refuse = (status: number, error: string, code: number, text: string) =>
    entraError(asker.now(), status, error, code, text);
  const form = new URLSearchParams((await request.body(bodyBytesMax)).toString('utf8'));
  const grant = form.get('grant_type');
  if (grant === null) return refuse(400, 'invalid_request', 900144, "Missing parameter 'grant_type'.");
  if (grant !== 'client_credentials') {
    return refuse(400, 'unsupported_grant_type', 70003, `The grant type '${grant}' is not supported.`);
  }
  const client = clientOf(form, request.headers.authorization);
  const subject = asker.subjectOf(client.id ?? '');
  if (subject === undefined) {
    return refuse(400, 'unauthorized_client', 700016, 'The application was not found in the directory.');
  }
  if (client.secret === undefined) {
    return refuse(401, 'invalid_client', 7000218, "The request body must contain 'client_secret'.");
  }
  if (!isSameSecret(client.secret, asker.clientSecret)) {
    return refuse(401, 'invalid_client', 7000215, 'Invalid client secret provided.');
  }
  const audience = audienceOfScope(form.get('scope') ?? '');
  if (audience === undefined) {
    return refuse(400, 'invalid_scope', 1002012, 'The scope must be one resource followed by /.default.');
  }
  const issued = await asker.authority.issue(audience, subject, clientCredentialsLifetimeS);
  const { lifetimeS } = issued;
  return json(200, {
    token_type: 'Bearer',
    expires_in: lifetimeS,
    ext_expires_in: lifetimeS,
    access_token: issued.token,
  });
}

function clientOf(form: URLSearchParams, authorization: string | undefined) {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) {
    return { id: form.get('client_id') ?? undefined, secret: form.get('client_secret') ?? undefined };
  }
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return { id: undefined, secret: undefined };
  // RFC 6749 2.3.1: both halves are form-encoded before they are joined.
  return { id: formDecoded(pair.slice(0, colon)), secret: formDecoded(pair.slice(colon + 1)) };
}

function formDecoded(text: string): string | undefined {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? undefined;
}

/** `https://storage.azure.com/.default` → `https://storage.azure.com`; MSAL may add openid scopes, which say nothing. */
function audienceOfScope(scope: string): string | undefined {
  const ignored = new Set(['openid', 'profile', 'offline_access']);
  const asked = scope.split(/\s+/).filter((part) => part !== '' && !ignored.has(part));
  const only = asked.length === 1 ? asked[0] : undefined;
  if (only === undefined || !only.endsWith('/.default')) return undefined;
  const audience = only.slice(0, -'/.default'.length);
  return isResource(audience) ? audience : undefined;
}
