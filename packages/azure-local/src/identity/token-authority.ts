import { createLocalJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface TokenAuthorityOptions {
  /** Folder of the keys, made when absent, e.g. `<data>/identity`. */
  readonly dir: string;
  readonly tenantId: string;
  /** Epoch milliseconds; default the machine's clock. */
  readonly now?: () => number;
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

export type TokenRefusal =
  | 'malformed'
  | 'algorithm'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'audience'
  | 'issuer';

export type TokenOutcome =
  | { readonly kind: 'valid'; readonly appId: string; readonly objectId: string; readonly expiresOnS: number }
  | { readonly kind: 'refused'; readonly reason: TokenRefusal };

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
  verifyToken(token: string, audiences: readonly string[]): Promise<TokenOutcome>;
}

/** Verified tokens remembered, so that a busy client costs one RSA check a token and not one a request. */
const verifiedCountMax = 500;
const tokenLengthMax = 16_384;
/** The clock may step back a little between issue and use. */
const notBeforeMarginS = 300;

interface Verified {
  readonly audience: string;
  readonly appId: string;
  readonly objectId: string;
  readonly notBeforeS: number;
  readonly expiresOnS: number;
}

export async function openTokenAuthority(options: TokenAuthorityOptions): Promise<TokenAuthority> {
  const now = options.now ?? Date.now;
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
      if (token.length > tokenLengthMax) return { kind: 'refused', reason: 'malformed' };
      let known = verified.get(token);
      if (known === undefined) {
        const checked = await checkSignature(token);
        if (typeof checked === 'string') return { kind: 'refused', reason: checked };
        known = checked;
        if (verified.size >= verifiedCountMax) verified.delete(verified.keys().next().value ?? '');
        verified.set(token, known);
      }
      return judge(known, audiences, now() / 1000);
    },
  };
}

function judge(known: Verified, audiences: readonly string[], nowS: number): TokenOutcome {
  if (nowS >= known.expiresOnS) return { kind: 'refused', reason: 'expired' };
  if (nowS < known.notBeforeS) return { kind: 'refused', reason: 'not-yet-valid' };
  if (!audiences.some((audience) => withoutSlash(audience) === withoutSlash(known.audience))) {
    return { kind: 'refused', reason: 'audience' };
  }
  return { kind: 'valid', appId: known.appId, objectId: known.objectId, expiresOnS: known.expiresOnS };
}

function withoutSlash(audience: string): string {
  return audience.endsWith('/') ? audience.slice(0, -1) : audience;
}

function fromPayload(payload: JWTPayload): Verified | TokenRefusal {
  const { aud, appid, oid, nbf, exp } = payload;
  if (typeof aud !== 'string' || typeof appid !== 'string' || typeof oid !== 'string') return 'malformed';
  if (nbf === undefined || exp === undefined) return 'malformed';
  return { audience: aud, appId: appid, objectId: oid, notBeforeS: nbf, expiresOnS: exp };
}

function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return 'signature';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'nbf') return 'not-yet-valid';
    return 'malformed';
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) return 'malformed';
  throw error;
}
