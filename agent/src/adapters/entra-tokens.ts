import { type Role, TransientError } from '@lakewarden/contracts';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Authenticator, UnfitClaim, Verdict } from '../api/tokens.ts';
import type { SigningKeys } from './entra-keys.ts';
import { PUBLIC_AUTHORITY } from './entra-names.ts';

/**
 * Access tokens of one Microsoft Entra tenant, v2.0 alone: the version follows the registration of the API, and Azure
 * Monitor wants that to be 2 for a secure webhook (MS Learn "Action groups", Configure authentication for Secure webhook).
 *
 * E1 Nothing is believed before a key of this tenant has signed it, by RS256 and no other way.
 * E2 It is for this API (`aud`), of this tenant (`iss`, `tid`), an access token (`azp`; `scp` or of an app alone), and
 *    of now, give or take `SKEW_S_MAX`.
 * E3 Rights are app roles assigned in the directory; without one nobody gets in.
 * E4 `Alert.Send` counts only for an app, and only for one of `webhookAppIds`.
 */
export interface EntraTokensOptions {
  readonly tenantId: string;
  /** Application (client) ids of the registrations that stand for the API. */
  readonly audience: readonly string[];
  /** `https://login.microsoftonline.com` or that of another cloud. */
  readonly authority: string;
  /** Apps that may send alerts. */
  readonly webhookAppIds: readonly string[];
  readonly keys: SigningKeys;
}

const SKEW_S_MAX = 60;
const RETRY_AFTER_MS = 30_000;

const ALERT_ROLE = 'Alert.Send';
/** The highest first. */
const APP_ROLES: readonly (readonly [string, Role])[] = [
  ['Admin', 'admin'],
  ['Operator', 'operator'],
  ['Viewer', 'viewer'],
];

const guid = z.guid().toLowerCase();
const claimsSchema = z.object({
  aud: z.string(),
  tid: guid,
  ver: z.literal('2.0'),
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  oid: guid,
  sub: z.string(),
  /** An ID token has none. */
  azp: guid,
  idtyp: z.string().optional(),
  scp: z.string().min(1).optional(),
  roles: z.array(z.string()).default([]),
});
type Claims = z.infer<typeof claimsSchema>;

export function createEntraTokens(options: EntraTokensOptions): Authenticator {
  const { keys, audience, tenantId } = options;
  const issuer = `${issuingAuthority(options.authority)}/${tenantId}/v2.0`;

  async function readClaims(token: string, nowMs: number): Promise<JWTPayload> {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = typeof kid === 'string' ? await keys.find(kid, nowMs) : undefined;
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      {
        algorithms: ['RS256'],
        issuer,
        audience: [...audience],
        clockTolerance: SKEW_S_MAX,
        currentDate: new Date(nowMs),
        requiredClaims: ['exp', 'nbf', 'iat'],
      },
    );
    return payload;
  }

  function judge(payload: JWTPayload, nowMs: number): Verdict {
    const parsed = claimsSchema.safeParse(payload);
    if (!parsed.success) return { kind: 'unfit', claim: unfitClaim(parsed.error.issues[0]?.path[0]) };
    const claims = parsed.data;
    if (claims.tid !== tenantId) return { kind: 'unfit', claim: 'tid' };
    if (claims.iat > nowMs / 1000 + SKEW_S_MAX) return { kind: 'unfit', claim: 'iat' };
    if (claims.scp === undefined && !isOfApp(claims)) return { kind: 'unfit', claim: 'scp' };
    const role = roleOf(claims, options.webhookAppIds);
    const id = claims.scp === undefined ? `app/${claims.azp}` : `user/${claims.oid}`;
    if (role === undefined) return { kind: 'powerless', id };
    return { kind: 'principal', principal: { id, role }, expiresAtMs: (claims.exp + SKEW_S_MAX) * 1000 };
  }

  return {
    async verify(token, nowMs) {
      try {
        return judge(await readClaims(token, nowMs), nowMs);
      } catch (error) {
        return verdictOf(error);
      }
    },
  };
}

/** A directory on loopback stands in for the public cloud, and signs in its name. */
function issuingAuthority(authority: string): string {
  return authority.startsWith('http:') ? PUBLIC_AUTHORITY : authority;
}

/** The optional claim `idtyp` says it; without it, only the subject of an app is its own object (a user's is pairwise). */
function isOfApp({ idtyp, sub, oid }: Claims): boolean {
  return idtyp === undefined ? sub.toLowerCase() === oid : idtyp === 'app';
}

function roleOf({ roles, scp, azp }: Claims, webhookAppIds: readonly string[]): Role | undefined {
  const highest = APP_ROLES.find(([name]) => roles.includes(name))?.[1];
  if (highest !== undefined) return highest;
  const maySend = roles.includes(ALERT_ROLE) && scp === undefined && webhookAppIds.includes(azp);
  return maySend ? 'alert-sender' : undefined;
}

/** A token is never repeated, nor is what it says: of jose's errors only their type and the claim's name are used. */
function verdictOf(error: unknown): Verdict {
  if (error instanceof TransientError) {
    return { kind: 'unavailable', retryAfterMs: error.retryAfterMs ?? RETRY_AFTER_MS };
  }
  if (error instanceof errors.JWTExpired) return { kind: 'expired' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { kind: 'unfit', claim: unfitClaim(error.claim) };
  }
  if (error instanceof errors.JOSEError) return { kind: 'forged' };
  throw error;
}

const UNFIT: ReadonlySet<unknown> = new Set<UnfitClaim>([
  'iss',
  'aud',
  'tid',
  'ver',
  'iat',
  'nbf',
  'exp',
  'azp',
  'scp',
]);

function unfitClaim(name: unknown): UnfitClaim {
  return UNFIT.has(name) ? (name as UnfitClaim) : 'other';
}
