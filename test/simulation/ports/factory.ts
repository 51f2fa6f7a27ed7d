import type { BatchSource } from '@lakewarden/compute';
import { TerminalError } from '@lakewarden/contracts';
import type { CopyJob, CopyRun, CopyState, JobRunner } from '@lakewarden/core';
import type { Chance } from '../world/chance.ts';
import type { SimProcess } from '../world/process.ts';
import type { Timeline } from '../world/timeline.ts';
import type { DataStore, Rows } from './data-files.ts';

/** What becomes of a run once it is started; `short`: it says more rows than it brought. */
const FATES = ['succeeds', 'fails', 'sticks', 'short', 'silent'] as const;
type Fate = (typeof FATES)[number];

interface FactoryRun {
  readonly id: string;
  /** Source, window and attempt: what a repeated submit finds it by. */
  readonly key: string;
  readonly output: string;
  readonly order: number;
  state: CopyState | { readonly kind: 'cancelled' };
}

const COPY_MS: readonly [number, number] = [5_000, 8 * 60_000];

/** Data Factory: runs that succeed, fail and stick, and whose start may be asked for twice. */
export class Factory {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #lake: DataStore;
  readonly #rowsOf: (window: string) => Rows;
  readonly #fates: readonly Fate[];
  readonly #runs: FactoryRun[] = [];
  #isCalm = false;

  constructor(options: {
    readonly timeline: Timeline;
    readonly chance: Chance;
    readonly lake: DataStore;
    readonly rowsOf: (window: string) => Rows;
  }) {
    this.#timeline = options.timeline;
    this.#chance = options.chance;
    this.#lake = options.lake;
    this.#rowsOf = options.rowsOf;
    const bad = FATES.filter((fate) => fate !== 'succeeds' && options.chance.happens(0.3));
    this.#fates = ['succeeds', 'succeeds', 'succeeds', ...bad];
  }

  /** From now on every run that is started succeeds, and none sticks any more. */
  calm(): void {
    this.#isCalm = true;
    for (const run of this.#runs) {
      this.#timeline.after(this.#chance.int(...COPY_MS), () => {
        if (run.state.kind === 'running') run.state = { kind: 'failed', reason: 'it was stuck' };
      });
    }
  }

  /** The oldest run of this key that is not lost; the others are cancelled (I20). */
  adopt(job: CopyJob): CopyRun | undefined {
    const key = keyOf(job);
    const [oldest, ...others] = this.#runs
      .filter((run) => run.key === key && run.state.kind !== 'failed' && run.state.kind !== 'cancelled')
      .sort((a, b) => a.order - b.order);
    for (const other of others) this.cancel(other.id);
    return oldest && { runId: oldest.id, output: oldest.output };
  }

  start(job: CopyJob): CopyRun {
    const order = this.#runs.length;
    const run: FactoryRun = {
      id: `adf-${order}`,
      key: keyOf(job),
      output: job.output,
      order,
      state: { kind: 'running' },
    };
    this.#runs.push(run);
    const fate = this.#isCalm ? 'succeeds' : this.#chance.pick(this.#fates);
    if (fate !== 'sticks')
      this.#timeline.after(this.#chance.int(...COPY_MS), () => this.#end(run, job, fate));
    return { runId: run.id, output: run.output };
  }

  poll(runId: string): CopyState {
    const { state } = this.#run(runId);
    return state.kind === 'cancelled' ? { kind: 'failed', reason: 'cancelled' } : state;
  }

  cancel(runId: string): void {
    const run = this.#run(runId);
    if (run.state.kind === 'running') run.state = { kind: 'cancelled' };
  }

  #run(runId: string): FactoryRun {
    const run = this.#runs.find(({ id }) => id === runId);
    if (run === undefined) throw new TerminalError('not-found', `there is no run ${runId}`);
    return run;
  }

  #end(run: FactoryRun, job: CopyJob, fate: Fate): void {
    if (run.state.kind !== 'running') return;
    if (fate === 'fails') {
      run.state = { kind: 'failed', reason: 'the copy failed' };
      return;
    }
    const rows = this.#rowsOf(job.window);
    const brought = fate === 'short' ? rows.slice(0, -1) : rows;
    const half = Math.ceil(brought.length / 2);
    for (const [part, slice] of [brought.slice(0, half), brought.slice(half)].entries()) {
      this.#lake.set(`${run.output}/part-${part}.json`, slice);
    }
    run.state = { kind: 'succeeded', rowsCopied: fate === 'silent' ? undefined : rows.length };
  }
}

function keyOf({ source, window, attempt }: CopyJob): string {
  return `${source.name}/${window}/${attempt}`;
}

export function jobRunnerOf(process: SimProcess, factory: Factory): JobRunner {
  const call = { dependency: 'factory', mutates: true } as const;
  return {
    // Looking and starting are two requests: a start that was held back, or two agents at a time, make two runs.
    submit: async (job, signal) => {
      const path = keyOf(job);
      const adopt = () => factory.adopt(job);
      const adopted = await process.call({ ...call, op: 'adopt', path, effect: adopt, signal });
      if (adopted !== undefined) return adopted;
      return process.call({ ...call, op: 'start', path, effect: () => factory.start(job), signal });
    },
    poll: (_source: BatchSource, runId, signal) =>
      process.call({
        ...call,
        mutates: false,
        op: 'poll',
        path: runId,
        effect: () => factory.poll(runId),
        signal,
      }),
    cancel: (_source: BatchSource, runId, signal) =>
      process.call({ ...call, op: 'cancel', path: runId, effect: () => factory.cancel(runId), signal }),
  };
}
