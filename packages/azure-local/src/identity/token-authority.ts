import { createLocalJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { TokenClaims, TokenVerdict } from '../server/service.ts';
import { type ApiRegistration, isApi } from './api-registration.ts';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface TokenAuthorityOptions {
  /** Folder of the keys, made when absent, e.g. `<data>/identity`. */
  readonly dir: string;
  readonly tenantId: string;
  readonly api: ApiRegistration;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A token for one audience, as the two grants hand it out. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresOnS: number;
  readonly lifetimeS: number;
}

export interface TokenSubject {
  /** Application (client) id; becomes `appid`, or `azp` in a v2 token. */
  readonly clientId: string;
  readonly objectId: string;
}

type TokenRefusal = Extract<TokenVerdict, { valid: false }>['reason'];

export interface TokenAuthority {
  readonly tenantId: string;
  /** Stable over restarts, unlike our ports: `https://sts.windows.net/<tenant>/`, as in v1 access tokens. */
  readonly issuer: string;
  readonly jwks: SigningKeys['publicJwks'];
  /** A v1 token for a service of Azure, a v2 token for the registered API. */
  issue(audience: string, subject: TokenSubject, lifetimeS: number): Promise<IssuedToken>;
  /**
   * Judges a bearer token as a service does: RS256 by our own keys, exp and nbf by the clock, our issuer,
   * and one of `audiences` (a trailing slash more or less does not matter, as in Azure). Never throws for a bad token.
   */
  verifyToken(token: string, audiences: readonly string[]): Promise<TokenVerdict>;
}

/** Verified tokens remembered, so that a busy client costs one RSA check a token and not one a request. */
const verifiedCountMax = 500;
const tokenLengthMax = 16_384;
/** The clock may step back a little between issue and use. */
const notBeforeMarginS = 300;

interface Verified {
  readonly claims: TokenClaims;
  readonly notBeforeS: number;
}

export async function openTokenAuthority(options: TokenAuthorityOptions): Promise<TokenAuthority> {
  const { api, now, tenantId } = options;
  const keys = await openSigningKeys(options.dir);
  const issuer = `https://sts.windows.net/${tenantId}/`;
  const keySet = createLocalJWKSet({ keys: [...keys.publicJwks] });
  const verified = new Map<string, Verified>();

  async function checkSignature(token: string): Promise<Verified | TokenRefusal> {
    try {
      const { payload } = await jwtVerify(token, keySet, {
        algorithms: ['RS256'],
        issuer,
        currentDate: new Date(now()),
        requiredClaims: ['exp', 'nbf', 'aud', 'appid', 'oid'],
      });
      return fromPayload(payload);
    } catch (error) {
      return refusalOf(error);
    }
  }

  return {
    tenantId,
    issuer,
    jwks: keys.publicJwks,
    async issue(audience, subject, lifetimeS) {
      const issuedAtS = Math.floor(now() / 1000);
      const expiresOnS = issuedAtS + lifetimeS;
      const claims = isApi(api, audience)
        ? v2Claims(api, tenantId, subject)
        : v1Claims(subject, audience, issuer);
      const token = await new SignJWT({
        ...claims,
        oid: subject.objectId,
        sub: subject.objectId,
        tid: tenantId,
      })
        .setProtectedHeader({ alg: 'RS256', kid: keys.kid, typ: 'JWT' })
        .setIssuedAt(issuedAtS)
        .setNotBefore(issuedAtS - notBeforeMarginS)
        .setExpirationTime(expiresOnS)
        .sign(keys.privateKey);
      return { token, expiresOnS, lifetimeS };
    },
    async verifyToken(token, audiences) {
      if (token.length > tokenLengthMax) return { valid: false, reason: 'malformed' };
      let known = verified.get(token);
      if (known === undefined) {
        const checked = await checkSignature(token);
        if (typeof checked === 'string') return { valid: false, reason: checked };
        known = checked;
        if (verified.size >= verifiedCountMax) verified.delete(verified.keys().next().value ?? '');
        verified.set(token, known);
      }
      return judge(known, audiences, now() / 1000);
    },
  };
}

/** Of an application: MS Learn "Access token claims reference". */
function v1Claims({ clientId }: TokenSubject, aud: string, iss: string) {
  return { aud, iss, appid: clientId, appidacr: '1', idtyp: 'app', ver: '1.0' };
}

/** `aud` is the API's id however it was asked for; `idtyp` is an optional claim there; without a role there is no `roles`. */
function v2Claims(api: ApiRegistration, tenantId: string, { clientId }: TokenSubject) {
  const roles = api.rolesOf(clientId);
  return {
    aud: api.appId,
    iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    azp: clientId,
    azpacr: '1',
    ver: '2.0',
    ...(roles.length > 0 && { roles }),
  };
}

function judge(known: Verified, audiences: readonly string[], nowS: number): TokenVerdict {
  const { claims, notBeforeS } = known;
  if (nowS >= claims.exp || nowS < notBeforeS) return { valid: false, reason: 'expired' };
  if (!audiences.some((audience) => withoutSlash(audience) === withoutSlash(claims.aud))) {
    return { valid: false, reason: 'audience' };
  }
  return { valid: true, claims };
}

function withoutSlash(audience: string): string {
  return audience.endsWith('/') ? audience.slice(0, -1) : audience;
}

function fromPayload(payload: JWTPayload): Verified | TokenRefusal {
  const { aud, iss, nbf, exp } = payload;
  if (typeof aud !== 'string' || iss === undefined || nbf === undefined || exp === undefined)
    return 'malformed';
  return { claims: { ...payload, aud, iss, exp }, notBeforeS: nbf };
}

function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  // `none` and HS256 with our public key as the secret end here: only RS256 is ever tried.
  if (error instanceof errors.JOSEAlgNotAllowed) return 'signature';
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return 'signature';
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed') {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'nbf') return 'expired';
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) return 'malformed';
  throw error;
}
