import { createLocalJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { TokenClaims, TokenVerdict } from '../server/service.ts';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface TokenAuthorityOptions {
  /** Folder of the keys, made when absent, e.g. `<data>/identity`. */
  readonly dir: string;
  readonly tenantId: string;
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
  /** Application (client) id; becomes `appid`. */
  readonly clientId: string;
  readonly objectId: string;
}

type TokenRefusal = Extract<TokenVerdict, { valid: false }>['reason'];

export interface TokenAuthority {
  readonly tenantId: string;
  /** Stable over restarts, unlike our ports: `https://sts.windows.net/<tenant>/`, as in v1 access tokens. */
  readonly issuer: string;
  readonly jwks: SigningKeys['publicJwks'];
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
  const { now } = options;
  const keys = await openSigningKeys(options.dir);
  const issuer = `https://sts.windows.net/${options.tenantId}/`;
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
    tenantId: options.tenantId,
    issuer,
    jwks: keys.publicJwks,
    async issue(audience, subject, lifetimeS) {
      const issuedAtS = Math.floor(now() / 1000);
      const expiresOnS = issuedAtS + lifetimeS;
      // Claims of a v1 application token: MS Learn "Access token claims reference".
      const token = await new SignJWT({
        appid: subject.clientId,
        appidacr: '1',
        idtyp: 'app',
        oid: subject.objectId,
        sub: subject.objectId,
        tid: options.tenantId,
        ver: '1.0',
      })
        .setProtectedHeader({ alg: 'RS256', kid: keys.kid, typ: 'JWT' })
        .setAudience(audience)
        .setIssuer(issuer)
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
