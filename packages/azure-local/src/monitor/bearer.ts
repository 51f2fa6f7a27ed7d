import type { HttpRequest, VerifyToken } from '../server/service.ts';

/** Why a request is not let in; undefined: it is. Statuses and codes: MS Learn "Azure Monitor Log Analytics API errors". */
export async function refuseBearer(
  request: HttpRequest,
  verifyToken: VerifyToken,
  audiences: readonly string[],
): Promise<{ readonly status: number; readonly code: string; readonly message: string } | undefined> {
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) {
    const message = "Authentication failed. The 'Authorization' header is missing.";
    return { status: 401, code: 'AuthenticationFailed', message };
  }
  const verdict = await verifyToken(token, audiences);
  if (verdict.valid) return undefined;
  if (verdict.reason === 'audience') {
    const message = `The access token has been obtained for another audience; it should be one of ${audiences.join(', ')}.`;
    return { status: 403, code: 'InvalidAuthenticationTokenAudience', message };
  }
  const message = `The access token is invalid (${verdict.reason}).`;
  return { status: 403, code: 'InvalidAuthenticationToken', message };
}
