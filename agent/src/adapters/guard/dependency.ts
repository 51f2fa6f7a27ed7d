/** What the agent depends on; each stands behind one guard. */
export type DependencyName = 'storage' | 'event-hubs' | 'data-factory' | 'engine' | 'ledger' | 'monitor';

/** `half-open` while a probe is on its way. Only a closed breaker lets work through. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerChange {
  readonly dependency: DependencyName;
  readonly state: BreakerState;
}

export interface BreakerStatus {
  readonly dependency: DependencyName;
  readonly state: BreakerState;
  /** When it last opened or closed, in ms since the epoch. */
  readonly sinceMs: number;
  /** Attempts that failed in a row, without a success between them. */
  readonly failures: number;
  /** The last failure that counted: class, code and words, without anything secret. */
  readonly lastError?: string;
  /** When the next probe is due, in ms since the epoch. */
  readonly nextProbeMs?: number;
  /** Since the agent started: operations asked for, requests they made, requests beyond the first, operations turned away. */
  readonly calls: number;
  readonly attempts: number;
  readonly retries: number;
  readonly parkedCalls: number;
}
