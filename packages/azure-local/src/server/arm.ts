import { jsonError } from './http-server.ts';
import type { HttpAnswer, HttpRequest, HttpService, VerifyToken } from './service.ts';

// Azure accepts tokens for either name of the resource manager.
const AUDIENCES = ['https://management.azure.com', 'https://management.core.windows.net'];
const PROVIDER = /^\/subscriptions\/[^/]+\/(?:.*\/)?providers\/([^/]+)(?:\/|$)/i;

/** Azure Resource Manager: checks the bearer token, then hands over to the provider named in the path. */
export function createArm(options: {
  readonly verifyToken: VerifyToken;
  readonly eventHubs: HttpService;
  readonly dataFactory: HttpService;
}): HttpService {
  const providers: Readonly<Record<string, HttpService>> = {
    'microsoft.eventhub': options.eventHubs,
    'microsoft.datafactory': options.dataFactory,
  };
  const serviceOf = (request: HttpRequest): HttpService | undefined =>
    providers[PROVIDER.exec(request.rawPath)?.[1]?.toLowerCase() ?? ''];
  return {
    operation: (request) => serviceOf(request)?.operation?.(request),
    handle: async (request) => {
      const refused = await refuseToken(request, options.verifyToken);
      if (refused !== undefined) return refused;
      const service = serviceOf(request);
      if (service !== undefined) return service.handle(request);
      return jsonError({
        status: 404,
        code: 'InvalidResourceNamespace',
        message: 'No resource provider of the local Azure answers this path.',
      });
    },
    errorAnswer: (request, error) =>
      serviceOf(request)?.errorAnswer?.(request, error) ??
      jsonError(error, { 'x-ms-failure-cause': 'gateway' }),
  };
}

async function refuseToken(request: HttpRequest, verifyToken: VerifyToken): Promise<HttpAnswer | undefined> {
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const challenge = {
    'www-authenticate':
      'Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token"',
  };
  if (token === undefined) {
    const message = "Authentication failed. The 'Authorization' header is missing.";
    return jsonError({ status: 401, code: 'AuthenticationFailed', message }, challenge);
  }
  const verdict = await verifyToken(token, AUDIENCES);
  if (verdict.valid) return undefined;
  const code = verdict.reason === 'expired' ? 'ExpiredAuthenticationToken' : 'InvalidAuthenticationToken';
  const detail = verdict.reason === 'audience' ? 'InvalidAuthenticationTokenAudience' : code;
  return jsonError(
    { status: 401, code: detail, message: `The access token is invalid (${verdict.reason}).` },
    challenge,
  );
}
