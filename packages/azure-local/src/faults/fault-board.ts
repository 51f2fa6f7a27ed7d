import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ConductAction,
  FaultOutcome,
  Faults,
  FaultTarget,
  InstalledFault,
  ServiceName,
} from '../server/service.ts';
import {
  advance,
  type FaultAction,
  type FaultProgress,
  type FaultRule,
  type FaultWhen,
  isRequestAction,
  matches,
  type RequestAction,
  startOf,
} from './rule.ts';

/** What GET /faults tells of one fault. */
export type FaultReport = {
  readonly id: string;
  readonly service: ServiceName;
  readonly action: FaultRule['action'];
  readonly match: { readonly method?: string; readonly path?: string; readonly operation?: string };
  /** Matching requests so far. */
  readonly seen: number;
  /** Requests that were struck. */
  readonly hits: number;
  /** Requests standing still right now. */
  readonly held: number;
};

/** Faults installed at once; more is a test that forgets to clean up. */
const RULES_MAX = 1000;

type Entry = {
  readonly id: string;
  readonly rule: FaultRule;
  progress: FaultProgress;
  /** One release function for each held request. */
  readonly holds: Set<() => void>;
};

type Strike<A extends FaultAction> = { readonly entry: Entry; readonly action: A };

/** All installed faults and the requests that they hold. The first rule (by age) that strikes a request wins. */
export class FaultBoard implements Faults {
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<() => void>();
  readonly #installWatchers = new Set<(entry: Entry) => void>();
  #nextId = 1;
  #version = 0;

  /** The new fault's id, or undefined when too many are installed. */
  install(rule: FaultRule): string | undefined {
    if (this.#entries.size >= RULES_MAX) return undefined;
    const id = `f${this.#nextId++}`;
    const entry: Entry = { id, rule, progress: startOf(rule), holds: new Set() };
    this.#entries.set(id, entry);
    this.#changed();
    for (const watcher of [...this.#installWatchers]) watcher(entry);
    return id;
  }

  /** Removes one fault and lets its held requests go on. False when there is none. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    for (const release of [...entry.holds]) release();
    this.#changed();
    return true;
  }

  removeAll(): void {
    for (const id of [...this.#entries.keys()]) this.remove(id);
  }

  report(): readonly FaultReport[] {
    return [...this.#entries.values()].map(({ id, rule, progress, holds }) => ({
      id,
      service: rule.service,
      action: rule.action,
      match: {
        ...(rule.match.method === undefined ? {} : { method: rule.match.method }),
        ...(rule.match.operation === undefined ? {} : { operation: rule.match.operation }),
        ...(rule.match.path === undefined ? {} : { path: rule.match.path.source }),
      },
      seen: progress.seen,
      hits: progress.hits,
      held: holds.size,
    }));
  }

  /** Moves at every hit, hold and release. */
  get version(): number {
    return this.#version;
  }

  heldCount(): number {
    let held = 0;
    for (const entry of this.#entries.values()) held += entry.holds.size;
    return held;
  }

  /** Resolves once `reached()` holds, at the latest after `waitMs` or when `signal` aborts. */
  async waitUntil(reached: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> {
    if (reached() || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#watchers.delete(onChange);
        resolve();
      };
      const onChange = () => {
        if (reached()) done();
      };
      const timer = setTimeout(done, waitMs);
      signal.addEventListener('abort', done, { once: true });
      this.#watchers.add(onChange);
    });
  }

  idle(service: ServiceName): boolean {
    for (const entry of this.#entries.values()) if (entry.rule.service === service) return false;
    return true;
  }

  async around<T>(
    target: FaultTarget,
    effect: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<FaultOutcome<T>> {
    const strike = this.#strikeFor(target, isRequestAction);
    if (strike === undefined) return { kind: 'done', value: await effect() };
    const { action } = strike;
    if (action.when === 'before') {
      const early = await this.#apply<T>(strike, 'before', signal);
      return early ?? { kind: 'done', value: await effect() };
    }
    const value = await effect();
    return (await this.#apply<T>(strike, 'after', signal)) ?? { kind: 'done', value };
  }

  strike<K extends ConductAction['kind']>(
    target: FaultTarget,
    kind: K,
  ): Extract<ConductAction, { readonly kind: K }> | undefined {
    return this.#conductFor(target, kind)?.action;
  }

  async stall(target: FaultTarget, kind: ConductAction['kind'], signal: AbortSignal): Promise<void> {
    const strike = this.#conductFor(target, kind);
    if (strike !== undefined) await this.#hold(strike.entry, signal);
  }

  onInstall(service: ServiceName, listener: (fault: InstalledFault) => void): () => void {
    const watcher = (entry: Entry) => {
      if (entry.rule.service !== service) return;
      const strikes = (target: FaultTarget) => this.#isStruckBy(entry, target);
      listener({ kind: entry.rule.action.kind, strikes });
    };
    this.#installWatchers.add(watcher);
    return () => this.#installWatchers.delete(watcher);
  }

  #conductFor<K extends ConductAction['kind']>(target: FaultTarget, kind: K) {
    const isKind = (action: FaultAction): action is Extract<ConductAction, { readonly kind: K }> =>
      action.kind === kind;
    return this.#strikeFor(target, isKind);
  }

  #strikeFor<A extends FaultAction>(
    target: FaultTarget,
    isWanted: (action: FaultAction) => action is A,
  ): Strike<A> | undefined {
    for (const entry of this.#entries.values()) {
      const { action } = entry.rule;
      if (isWanted(action) && this.#isStruckBy(entry, target)) return { entry, action };
    }
    return undefined;
  }

  #isStruckBy(entry: Entry, target: FaultTarget): boolean {
    if (!matches(entry.rule, target)) return false;
    const { strikes, next } = advance(entry.rule, entry.progress);
    entry.progress = next;
    if (strikes) this.#changed();
    return strikes;
  }

  /** Undefined: the request goes on. */
  async #apply<T>(
    { entry, action }: Strike<RequestAction>,
    when: FaultWhen,
    signal: AbortSignal | undefined,
  ): Promise<FaultOutcome<T> | undefined> {
    const effect = when === 'after';
    switch (action.kind) {
      case 'error':
        return {
          kind: 'error',
          effect,
          status: action.status,
          code: action.code,
          retryAfterS: action.retryAfterS,
        };
      case 'drop':
        return { kind: 'drop', effect };
      case 'hold':
        await this.#hold(entry, signal);
        break;
      case 'delay':
        await sleep(action.delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
        break;
    }
    return signal?.aborted === true ? { kind: 'drop', effect } : undefined;
  }

  async #hold(entry: Entry, signal: AbortSignal | undefined): Promise<void> {
    // Deleted between the strike and here (an effect lies between them for `after`): nobody could release it.
    if (!this.#entries.has(entry.id) || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const release = () => {
        entry.holds.delete(release);
        signal?.removeEventListener('abort', release);
        this.#changed();
        resolve();
      };
      entry.holds.add(release);
      signal?.addEventListener('abort', release, { once: true });
      this.#changed();
    });
  }

  #changed(): void {
    this.#version += 1;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
