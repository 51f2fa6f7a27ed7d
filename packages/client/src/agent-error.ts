import type { ProblemDocument } from '@lakewarden/contracts';

/** Whatever keeps the agent from answering, with words for people: what happened · where · what to do. */
export abstract class AgentError extends Error {
  readonly what: string;
  readonly where: string;
  readonly remedy: string;
  constructor(words: AgentErrorWords) {
    super(`${words.what} · ${words.where} · ${words.remedy}`, { cause: words.cause });
    this.what = words.what;
    this.where = words.where;
    this.remedy = words.remedy;
  }
}

export interface AgentErrorWords {
  readonly what: string;
  readonly where: string;
  readonly remedy: string;
  readonly cause?: unknown;
}

/**
 * Nobody answered. `connection`: refused, cut, no such host. `timeout`: not within the time limit. `gateway`: something
 * before the agent said so (502, 503, 504 without words of the agent). Whether an act took effect is not known.
 */
export class AgentUnreachable extends AgentError {
  override readonly name = 'AgentUnreachable';
  readonly reason: 'connection' | 'timeout' | 'gateway';
  constructor(reason: AgentUnreachable['reason'], words: AgentErrorWords) {
    super(words);
    this.reason = reason;
  }
}

/**
 * The agent said no. Below 500 nothing was changed by this request; from 500 on it broke on the way, and whether an act took
 * effect is not known: asked again with the same idempotency key it is done once.
 */
export class AgentRefused extends AgentError {
  override readonly name = 'AgentRefused';
  readonly problem: ProblemDocument;
  constructor(problem: ProblemDocument, where: string) {
    super({ what: problem.detail || problem.title, where, remedy: problem.remedy });
    this.problem = problem;
  }
}

/** The agent speaks an older contract than this client. */
export class AgentTooOld extends AgentError {
  override readonly name = 'AgentTooOld';
}

/** The agent speaks a newer contract than this client. */
export class AgentTooNew extends AgentError {
  override readonly name = 'AgentTooNew';
}

/** The answer is none of the contract: not JSON, other fields, too long. Perhaps it is no agent at all. */
export class AgentBroken extends AgentError {
  override readonly name = 'AgentBroken';
}
