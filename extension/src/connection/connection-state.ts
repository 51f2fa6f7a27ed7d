import {
  AgentBroken,
  AgentError,
  AgentRefused,
  AgentTooNew,
  AgentTooOld,
  AgentUnreachable,
} from '@lakewarden/client';
import { TerminalError } from '@lakewarden/contracts';
import type { ConnectionKind } from '../manifest/welcome.ts';

/** How we stand with the agent. */
export interface ConnectionState {
  readonly kind: ConnectionKind;
  readonly url?: string;
  /** What happened · where · what to do. */
  readonly problem?: string;
  /** When it is tried again by itself, in milliseconds since 1970. */
  readonly againAtMs?: number;
  readonly version?: string;
}

/** How long until it is tried again by itself; the kinds that wait for a person are looked at now and then too. */
const AGAIN_MS: Readonly<Record<ConnectionKind, number>> = {
  idle: 0,
  noAgent: 2_000,
  untrusted: 60_000,
  badUrl: 60_000,
  connecting: 0,
  signedOut: 60_000,
  forbidden: 60_000,
  unreachable: 1_000,
  tooOld: 30_000,
  tooNew: 30_000,
  broken: 15_000,
  starting: 1_000,
  connected: 0,
};
const AGAIN_MS_MAX = 15_000;

/** Of attempts in a row, from 0. What waits for a process to come up is asked twice as late each time. */
export function againMs(kind: ConnectionKind, attempt: number): number {
  if (kind !== 'unreachable' && kind !== 'starting') return AGAIN_MS[kind];
  return Math.min(AGAIN_MS[kind] * 2 ** Math.min(attempt, 10), AGAIN_MS_MAX);
}

/** What an error of the client means for the connection; undefined: it is none, and a bug. */
export function kindOfError(error: unknown): ConnectionKind | undefined {
  if (error instanceof AgentTooOld) return 'tooOld';
  if (error instanceof AgentTooNew) return 'tooNew';
  if (error instanceof AgentBroken) return 'broken';
  if (error instanceof AgentUnreachable) return 'unreachable';
  if (error instanceof AgentRefused) {
    const { status } = error.problem;
    if (status === 401) return 'signedOut';
    if (status === 403) return 'forbidden';
    return status === 503 || status === 429 ? 'starting' : 'broken';
  }
  if (error instanceof TerminalError) return 'badUrl';
  return undefined;
}

export function problemOf(error: unknown): string {
  if (error instanceof AgentError) return `${error.what} · ${error.where} · ${error.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
