import { createHash } from 'node:crypto';
import type { LoggedCommit, LoggedTable } from './delta-log.ts';

interface Entry {
  readonly seq: number;
  readonly idempotency?: string;
  readonly action?: string;
  readonly prev: string;
  readonly hash: string;
  readonly effects: readonly Readonly<Record<string, unknown>>[];
}

/** What an operator was told. */
export interface Told {
  readonly action: string;
  readonly target: string;
  readonly outcome: string;
  readonly idempotency: string;
  readonly audit: number | undefined;
}

const LIFTED_BY: Readonly<Record<string, string>> = { thaw: 'freeze', release: 'hold', resume: 'pause' };

/**
 * The control log by a reading of the judge's own: numbered without a hole, chained by hash, each key once (I6, I16); what
 * was answered is written; and what people stopped stands still from the answer until they lift it.
 */
export class ControlJudge {
  readonly #entries: Entry[] = [];
  readonly #keys = new Map<string, number>();
  /** Answered and not lifted: `freeze gold`, `hold silver.orders@…`. */
  readonly #stops = new Set<string>();
  /** Key → the audit number that its first answer named. */
  readonly #answers = new Map<string, number>();

  onPut(path: string, body: Uint8Array, kind: 'created' | 'replaced'): readonly string[] {
    if (kind === 'replaced') return [`I16 ${path} was written a second time`];
    const problems: string[] = [];
    const { entries } = JSON.parse(Buffer.from(body).toString()) as { entries: readonly Entry[] };
    for (const entry of entries) {
      const before = this.#entries.at(-1);
      const seq = (before?.seq ?? 0) + 1;
      if (entry.seq !== seq) problems.push(`I16 entry ${entry.seq} follows ${seq - 1}`);
      if (entry.prev !== (before?.hash ?? '0'.repeat(64)))
        problems.push(`I16 entry ${seq} names another before it`);
      if (entry.hash !== hashOf(entry)) problems.push(`I16 entry ${seq} has another hash than its own`);
      if (entry.idempotency !== undefined) {
        if (this.#keys.has(entry.idempotency)) problems.push(`I6 ${entry.idempotency} was done twice`);
        this.#keys.set(entry.idempotency, entry.seq);
      }
      this.#entries.push(entry);
    }
    return problems;
  }

  get acts(): number {
    return this.#keys.size;
  }

  onTold({ action, target, outcome, idempotency, audit }: Told): readonly string[] {
    const problems: string[] = [];
    if (audit !== undefined && !this.#entries.some(({ seq }) => seq === audit))
      problems.push(`I16 ${action} ${target} was answered before its audit entry ${audit} was written`);
    const first = this.#answers.get(idempotency);
    if (audit !== undefined) {
      if (first !== undefined && first !== audit)
        problems.push(`I6 ${idempotency} was audit ${first} and is ${audit} now`);
      this.#answers.set(idempotency, audit);
      if (this.#keys.get(idempotency) !== audit)
        problems.push(`I6 ${idempotency} was told audit ${audit}, which is not its entry`);
    }
    if (outcome === 'done' && !this.#isLiftedSince(action, target, audit))
      this.#stops.add(`${action} ${target}`);
    return problems;
  }

  onLift(action: string, target: string): void {
    this.#stops.delete(`${LIFTED_BY[action]} ${target}`);
  }

  /** A fence stands in the decisive tables, those of silver and gold; side tables may run ahead of it. */
  onCommit(table: LoggedTable, commit: LoggedCommit): readonly string[] {
    const [layer = '', name = ''] = table.root.split('/');
    const dataset = `${layer}.${name}`;
    const problems: string[] = [];
    if (layer !== 'silver' && layer !== 'gold') return problems;
    const changed = commit.adds.filter(({ dataChange }) => dataChange);
    const frozen = ['all', layer, dataset].find((target) => this.#stops.has(`freeze ${target}`));
    if (changed.length > 0 && frozen !== undefined)
      problems.push(`I16 version ${commit.version} of ${dataset} was built although ${frozen} is frozen`);
    for (const { slice } of changed) {
      if (this.#stops.has(`hold ${dataset}@${slice}`))
        problems.push(`I16 ${dataset}@${slice} was built although it is held`);
    }
    const isFence = commit.adds.length === 0 && commit.txns.has(`lw/fence/dataset/${dataset}`);
    if (isFence && !this.#mayBeFenced(layer, dataset))
      problems.push(`I16 ${dataset} is fenced, and no entry of the audit says why`);
    return problems;
  }

  /** Undefined: nothing is left open. */
  whatIsOpen(): string | undefined {
    const open = new Map<string, number>();
    for (const { seq, effects } of this.#entries) {
      for (const { type, backfill, plan } of effects) {
        if (type === 'BackfillStarted') open.set(`backfill ${backfill}`, seq);
        if (type === 'BackfillEnded') open.delete(`backfill ${backfill}`);
        if (type === 'SourceReplayStarted') open.set(`replay ${plan}`, seq);
        if (type === 'SourceReplayEnded') open.delete(`replay ${plan}`);
      }
    }
    const [first] = open;
    return first && `${first[0]}, begun by audit ${first[1]}, has not ended`;
  }

  /** The answer to a stop can be late: fencing is slow, or another request lifted the stop before it came. */
  #isLiftedSince(action: string, target: string, audit = 0): boolean {
    return this.#entries.some(
      (entry) =>
        entry.seq > audit &&
        LIFTED_BY[entry.action ?? ''] === action &&
        entry.effects.some((effect) => effect.target === target || effect.slice === target),
    );
  }

  #mayBeFenced(layer: string, dataset: string): boolean {
    return this.#entries.some(({ effects }) =>
      effects.some(({ type, target, slice }) => {
        if (type === 'Frozen') return target === 'all' || target === layer || target === dataset;
        return type === 'Pinned' && String(slice).startsWith(`${dataset}@`);
      }),
    );
  }
}

function hashOf({ hash: _, ...entry }: Entry): string {
  return createHash('sha256').update(sorted(entry)).digest('hex');
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (value instanceof Object) {
    const keys = Object.keys(value).sort();
    const member = (key: string) =>
      `${JSON.stringify(key)}:${sorted((value as Record<string, unknown>)[key])}`;
    return `{${keys.map(member).join(',')}}`;
  }
  return JSON.stringify(value);
}
