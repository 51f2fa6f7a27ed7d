import type {
  ActionArguments,
  ActionName,
  ActionResult,
  AlertReceipt,
  Principal,
  QueryArguments,
  QueryName,
  QueryResult,
} from '@lakewarden/contracts';
import type { Clock, EmitFact } from '@lakewarden/core';
import type { EventHub } from './event-hub.ts';
import type { Authenticator } from './tokens.ts';

/** What the API needs of the agent. It decides who may ask and how it is said, and nothing else. */
export interface ApiOptions {
  /** A loopback address, unless something in front of us ends TLS. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names beside the loopback ones under which clients may reach us. */
  readonly publicHosts?: readonly string[];
  readonly tokens: Authenticator;
  readonly clock: Clock;
  readonly emit: EmitFact;
  readonly answers: Answers;
  readonly perform: PerformAction;
  readonly receiveAlert: ReceiveAlert;
  readonly events: EventHub;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  readonly ready: () => { readonly ready: boolean; readonly waitingFor: readonly string[] };
  readonly info: ApiInfo;
  /** Folder of the built status page. Absent: the one that ships. */
  readonly statusPage?: string | undefined;
}

export interface ApiInfo {
  readonly version: string;
  readonly pipeline: string;
  readonly startedAt: string;
}

export type Answers = {
  readonly [Name in QueryName]: (
    args: QueryArguments<Name>,
    signal: AbortSignal,
  ) => Promise<Answer<QueryResult<Name>>>;
};

export type Answer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'not-found'; readonly what: string; readonly remedy: string }
  | { readonly kind: 'unavailable'; readonly what: string; readonly retryAfterMs: number };

export interface ActionRequest {
  /** Checked, with defaults. */
  readonly input: ActionArguments;
  readonly dryRun: boolean;
  /** Absent only for a dry run or a plan, which change nothing. */
  readonly idempotencyKey: string | undefined;
}

export type ActionOutcome = { readonly kind: 'ok'; readonly result: ActionResult } | Refusal;

/**
 * Codes with a status of their own: `not-found` and `unknown-action` 404, `forbidden` 403, `invalid` 422, `unavailable` 503; any other is 409
 * for an action and 422 for an alert.
 */
export interface Refusal {
  readonly kind: 'refused';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** Where it is known better than by the code. */
  readonly status?: RefusalStatus;
}

export type RefusalStatus = 403 | 404 | 409 | 422 | 503;

export type PerformAction = (
  action: ActionName,
  request: ActionRequest,
  caller: Principal,
  signal: AbortSignal,
) => Promise<ActionOutcome>;

/** `accepted` only once it is durable. */
export type ReceiveAlert = (
  body: unknown,
  caller: Principal,
) => Promise<
  | { readonly kind: 'accepted'; readonly receipt: AlertReceipt }
  | Refusal
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }
>;
