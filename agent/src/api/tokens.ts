import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Principal, type Role, roleSchema, TerminalError } from '@lakewarden/contracts';
import { z } from 'zod';

/** Tells who a bearer token stands for. Local tokens are ours; those of a directory (Entra ID) come by another one of these. */
export interface Authenticator {
  verify(token: string, nowMs: number): Verdict | Promise<Verdict>;
}

/** What a token of a directory that its keys have signed may still be wrong in; a closed set, so that it can be logged. */
export type UnfitClaim = 'iss' | 'aud' | 'tid' | 'ver' | 'iat' | 'nbf' | 'exp' | 'azp' | 'scp' | 'other';

export type Verdict =
  | { readonly kind: 'principal'; readonly principal: Principal; readonly expiresAtMs: number }
  /** It was ours once. */
  | { readonly kind: 'expired' }
  /** Signed by the directory, and not for us: for another API, of another version, not an access token. */
  | { readonly kind: 'unfit'; readonly claim: UnfitClaim }
  /** Who it is, is known; the directory gives them no right here. */
  | { readonly kind: 'powerless'; readonly id: string }
  /** What would tell is away; nothing is said about the token. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }
  /** Anything else: not ours, changed, not a token at all. */
  | { readonly kind: 'forged' };

type OwnVerdict = Extract<Verdict, { kind: 'principal' | 'expired' | 'forged' }>;

export interface TokenRequest {
  /** Who it speaks for; stands in the audit. */
  readonly subject: string;
  readonly role: Role;
  readonly ttlMs: number;
}

/**
 * Bearer tokens of this agent: `lw1.<payload>.<mac>`, both base64url, with HMAC-SHA256 over everything before the last
 * dot. There is no algorithm field to confuse, and one key: rotating its file ends every token.
 */
export interface TokenAuthority extends Authenticator {
  issue(request: TokenRequest): string;
  verify(token: string, nowMs: number): OwnVerdict;
}

/** Tokens of our own by their first letters, all others by the directory where there is one. */
export function acceptTokens(own: Authenticator, directory: Authenticator | undefined): Authenticator {
  if (directory === undefined) return own;
  return {
    verify: (token, nowMs) => (token.startsWith(OWN_PREFIX) ? own : directory).verify(token, nowMs),
  };
}

const OWN_PREFIX = 'lw1.';
export const TOKEN_KEY_BYTES = 32;
export const TOKEN_TTL_MS_MAX = 366 * 24 * 3600 * 1000;
/** A token from later than this is not from this machine. */
const SKEW_MS_MAX = 60_000;

const FORM = /^(lw1\.([A-Za-z0-9_-]{1,600}))\.([A-Za-z0-9_-]{43})$/;
const SUBJECT = /^[A-Za-z0-9][A-Za-z0-9._@/+-]{0,63}$/;

const payloadSchema = z
  .strictObject({
    sub: z.string().regex(SUBJECT),
    role: roleSchema,
    /** Milliseconds since 1970, both. */
    iat: z.int().nonnegative(),
    exp: z.int(),
  })
  .refine(({ iat, exp }) => exp > iat && exp - iat <= TOKEN_TTL_MS_MAX);

/** `issue` throws `TerminalError('invalid')` for a subject or lifetime that is none. */
export function createTokenAuthority(key: Uint8Array, now: () => number): TokenAuthority {
  if (key.length !== TOKEN_KEY_BYTES) {
    throw new TerminalError('corrupt', `a token key has ${TOKEN_KEY_BYTES} bytes, not ${key.length}`);
  }
  const macOf = (signed: string) => createHmac('sha256', key).update(signed).digest('base64url');

  return {
    issue({ subject, role, ttlMs }) {
      const iat = now();
      const payload = payloadSchema.safeParse({ sub: subject, role, iat, exp: iat + ttlMs });
      if (!payload.success) throw new TerminalError('invalid', tokenRules(subject));
      const signed = `lw1.${Buffer.from(JSON.stringify(payload.data)).toString('base64url')}`;
      return `${signed}.${macOf(signed)}`;
    },

    verify(token, nowMs) {
      const parts = FORM.exec(token);
      if (parts === null) return { kind: 'forged' };
      const [, signed = '', payload = '', mac = ''] = parts;
      // Compared as text, so that a second spelling of the same bytes is no second token.
      if (!timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(signed)))) return { kind: 'forged' };
      const claims = readPayload(payload);
      if (claims === undefined || claims.iat > nowMs + SKEW_MS_MAX) return { kind: 'forged' };
      if (claims.exp <= nowMs) return { kind: 'expired' };
      return {
        kind: 'principal',
        principal: { id: claims.sub, role: claims.role },
        expiresAtMs: claims.exp,
      };
    },
  };
}

function readPayload(text: string): z.infer<typeof payloadSchema> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  return payloadSchema.safeParse(value).data;
}

function tokenRules(subject: string): string {
  const name = SUBJECT.test(subject) ? subject : 'the subject';
  return `no token for ${name}: a subject is 1 to 64 of letters, digits and ._@/+-, a lifetime is positive and at most ${TOKEN_TTL_MS_MAX / 86_400_000} days`;
}
