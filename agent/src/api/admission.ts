import { mayAct, type Principal, unreachable } from '@lakewarden/contracts';
import type { Clock, EmitFact } from '@lakewarden/core';
import type { AlertLane } from './alert-lane.ts';
import { ApiProblem, retryAfter } from './problem.ts';
import { createRateLimiter } from './rate-limiter.ts';
import type { Route } from './routes.ts';
import type { Authenticator, UnfitClaim, Verdict } from './tokens.ts';

/** People and programs. One `lakewarden status --watch` asks a few times a second. */
const REQUESTS = { burst: 400, perSecond: 100, inFlightMax: 64 };
/** Alerts come in storms, and have a lane that bounds them. */
const ALERTS = { burst: 4_096, perSecond: 2_000, inFlightMax: Number.POSITIVE_INFINITY };
/** Of one address without a valid token: enough for a token that has just expired, too little to try many. */
const STRANGERS = { burst: 60, perSecond: 5, inFlightMax: Number.POSITIVE_INFINITY };
/** Refusals that are told in full; the others are counted. */
const TOLD = { burst: 20, perSecond: 1, inFlightMax: Number.POSITIVE_INFINITY };

export interface Knock {
  readonly authorization: string | undefined;
  readonly address: string;
  /** Bytes that the body may have. */
  readonly bodyBytes: number;
}

export interface Entry {
  readonly caller: Principal;
  readonly expiresAtMs: number;
  /** Must be called once, when the response is done. */
  readonly leave: () => void;
}

/** Who may do what, and how often (I16). Throws `ApiProblem` 401, 403, 429 or 503. */
export interface Admission {
  admit(route: Route, knock: Knock): Promise<Entry>;
  /** Says that somebody was refused, unless that has been said often enough. */
  tellRefused(problem: ApiProblem, route: string): void;
}

export interface AdmissionOptions {
  readonly tokens: Authenticator;
  readonly clock: Clock;
  readonly emit: EmitFact;
  readonly alerts: AlertLane;
}

const NOBODY: Principal = { id: 'nobody', role: 'viewer' };

export function createAdmission({ tokens, clock, emit, alerts }: AdmissionOptions): Admission {
  const now = () => clock.now();
  const requests = createRateLimiter(REQUESTS, now);
  const alertSenders = createRateLimiter(ALERTS, now);
  const strangers = createRateLimiter(STRANGERS, now);
  const told = createRateLimiter(TOLD, now);
  let suppressed = 0;

  async function authenticate({ authorization, address }: Knock) {
    const token = BEARER.exec(authorization ?? '')?.[1];
    const verdict = token === undefined ? undefined : await tokens.verify(token, clock.now());
    if (verdict?.kind === 'principal') return verdict;
    const stranger = strangers.enter(address);
    if (stranger.kind === 'refused') throw tooMany(stranger.retryAfterMs);
    stranger.leave();
    throw refusalOf(verdict ?? { kind: 'absent' });
  }

  /** Gives back what it took when the next step refuses. */
  function reserve(route: Route, principal: string, bodyBytes: number): () => void {
    const isAlert = route.tag === 'alerts';
    // A stream lasts, and is bounded by how many there may be.
    const isStream = route.tag === 'events';
    const turn = (isAlert ? alertSenders : requests).enter(principal);
    if (turn.kind === 'refused') throw tooMany(turn.retryAfterMs);
    if (!isAlert && !isStream) return turn.leave;
    turn.leave();
    if (isStream) return () => undefined;
    const free = alerts.reserve(bodyBytes);
    if (free === undefined) throw laneFull();
    return free;
  }

  return {
    async admit(route, knock) {
      if (route.access === 'public') {
        return { caller: NOBODY, expiresAtMs: 0, leave: () => undefined };
      }
      const { principal: caller, expiresAtMs } = await authenticate(knock);
      const leave = reserve(route, caller.id, knock.bodyBytes);
      if (mayAct(caller.role, route.access)) return { caller, expiresAtMs, leave };
      leave();
      throw forbidden(caller, route.access);
    },

    tellRefused({ status, code, principal }, route) {
      const turn = told.enter('');
      if (turn.kind === 'refused') {
        suppressed++;
        return;
      }
      turn.leave();
      emit({ type: 'RequestRefused', route, status, code, principal, suppressed });
      suppressed = 0;
    },
  };
}

/** A directory's token is longer than ours, and must leave room for the other headers. */
const BEARER = /^Bearer ([\x21-\x7e]{1,8192})$/i;

type NotAdmitted = Exclude<Verdict, { kind: 'principal' }> | { readonly kind: 'absent' };

function refusalOf(verdict: NotAdmitted): ApiProblem {
  switch (verdict.kind) {
    case 'absent':
      return unauthenticated('The request has no bearer token.');
    case 'expired':
      return unauthenticated('The token has expired.');
    case 'forged':
      return unauthenticated('The token is none of this agent.');
    case 'unfit':
      return unfit(verdict.claim);
    case 'powerless':
      return powerless(verdict.id);
    case 'unavailable':
      return directoryAway(verdict.retryAfterMs);
    default:
      return unreachable(verdict);
  }
}

const SEND_A_TOKEN =
  "Send Authorization: Bearer <token>; the local user's is in the file token of the agent's state folder, and where the agent's file has api.entra one of Microsoft Entra ID does.";

function unauthenticated(detail: string, remedy = SEND_A_TOKEN, code = 'unauthenticated'): ApiProblem {
  return new ApiProblem({
    status: 401,
    code,
    detail,
    remedy,
    headers: { 'www-authenticate': 'Bearer realm="lakewarden"' },
  });
}

const REGISTRATION = 'Set requestedAccessTokenVersion to 2 in the app registration of the API.';
const UNFIT_REMEDIES: Readonly<Partial<Record<UnfitClaim, string>>> = {
  // A v1.0 token differs in these three.
  iss: `${REGISTRATION} If it is 2, the token is of another tenant than api.entra.tenantId.`,
  aud: `Ask for a token of this API, whose client id is in api.entra.audience. ${REGISTRATION}`,
  ver: REGISTRATION,
  azp: 'Send the access token, not the ID token.',
  scp: 'Send the access token, not the ID token.',
};

/** Its code names the claim, so that the log tells what a sender whom nobody sees, such as Azure Monitor, does wrong. */
function unfit(claim: UnfitClaim): ApiProblem {
  return unauthenticated(
    `The token is of Microsoft Entra ID and not for this agent (${claim}).`,
    UNFIT_REMEDIES[claim] ?? 'Ask the directory for a new access token of this API.',
    `token-${claim}`,
  );
}

function powerless(id: string): ApiProblem {
  return new ApiProblem({
    status: 403,
    code: 'forbidden',
    detail: `${id} has no role here.`,
    remedy:
      'Assign an app role of the API in Microsoft Entra ID: Viewer, Operator, Admin, or Alert.Send to an app in api.entra.webhookAppIds.',
    principal: id,
  });
}

function directoryAway(retryAfterMs: number): ApiProblem {
  return new ApiProblem({
    status: 503,
    code: 'unavailable',
    detail: 'The signing keys of Microsoft Entra ID cannot be read, so the token cannot be judged.',
    remedy:
      'Ask again after the time in Retry-After; nothing was changed. A token that the agent made itself does meanwhile.',
    headers: retryAfter(retryAfterMs),
  });
}

function forbidden(caller: Principal, needed: string): ApiProblem {
  return new ApiProblem({
    status: 403,
    code: 'forbidden',
    detail: `${caller.id} is ${caller.role}; this needs ${needed}.`,
    remedy: `Use a token with the role ${needed}.`,
    principal: caller.id,
  });
}

function tooMany(retryAfterMs: number): ApiProblem {
  return new ApiProblem({
    status: 429,
    code: 'too-many-requests',
    detail: 'Too many requests, or too many at once.',
    remedy: 'Ask again after the time in Retry-After; watch GET /api/v1/events instead of asking often.',
    headers: retryAfter(retryAfterMs),
  });
}

function laneFull(): ApiProblem {
  return new ApiProblem({
    status: 503,
    code: 'busy',
    detail: 'As many alerts as fit wait already.',
    remedy: 'Send it again after the time in Retry-After; the one before was not taken.',
    headers: retryAfter(1_000),
  });
}
