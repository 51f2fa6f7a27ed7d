import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { KeySet } from '../entra-keys.ts';
import { AZURE_MONITOR_APP_ID, PUBLIC_AUTHORITY } from '../entra-names.ts';

export const TENANT = '11111111-2222-4333-8444-555555555555';
export const API_APP = 'bbbbbbbb-0000-4000-8000-000000000002';
export const SOME_APP = 'cccccccc-0000-4000-8000-000000000003';
export const SOME_OBJECT = 'dddddddd-0000-4000-8000-000000000004';

/** A tenant of Microsoft Entra ID in memory: it signs whatever it is told to. Its keys are made when it is. */
export async function entraTenant(kid = 'key-1') {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const keys: KeySet = new Map([[kid, publicKey]]);
  return {
    kid,
    keys,
    publicPem: await exportSPKI(publicKey),
    sign: (claims: JWTPayload, header: object = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, ...header }).sign(privateKey),
  };
}

export type EntraTenant = Awaited<ReturnType<typeof entraTenant>>;

/** Of an application without a user, v2.0. */
export function appClaims(nowMs: number, roles: readonly string[], other: JWTPayload = {}): JWTPayload {
  const nowS = Math.floor(nowMs / 1000);
  return {
    aud: API_APP,
    iss: `${PUBLIC_AUTHORITY}/${TENANT}/v2.0`,
    iat: nowS,
    nbf: nowS,
    exp: nowS + 3_599,
    azp: SOME_APP,
    azpacr: '1',
    oid: SOME_OBJECT,
    sub: SOME_OBJECT,
    tid: TENANT,
    ver: '2.0',
    roles: [...roles],
    ...other,
  };
}

/** What an action group sends. */
export function alertClaims(nowMs: number, other: JWTPayload = {}): JWTPayload {
  return appClaims(nowMs, ['Alert.Send'], { azp: AZURE_MONITOR_APP_ID, ...other });
}

/** Of a user by way of an application; the subject is another one for each application. */
export function userClaims(nowMs: number, roles: readonly string[], other: JWTPayload = {}): JWTPayload {
  return appClaims(nowMs, roles, { sub: 'pAirWise-subject', scp: 'Lake.Use', ...other });
}
