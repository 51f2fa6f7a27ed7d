/** Run history of one factory: in memory for questions, in the journal for good. */
import { openRunJournal } from './run-journal.ts';
import { isEnded, type RunPlan, type RunRecord } from './run-record.ts';

/** The service keeps 45 days (MS Learn "Monitor Data Factory"). */
const keptMs = 45 * 24 * 3_600_000;
const runCountMax = 50_000;
/** A larger journal is rewritten to what still is so. */
const compactBytesMin = 32 * 1024 * 1024;

type Line =
  | { readonly kind: 'created'; readonly run: RunRecord; readonly plan: RunPlan }
  | { readonly kind: 'run'; readonly run: RunRecord };

export interface RunStore {
  /** Durable states only: what a reader sees here survives. */
  get(runId: string): RunRecord | undefined;
  all(): readonly RunRecord[];
  /** The plan of a run that has not ended. */
  planOf(runId: string): RunPlan | undefined;
  /** Runs in flight when the last process ended. */
  unfinished(): readonly RunRecord[];
  isLatest(run: RunRecord): boolean;
  create(run: RunRecord, plan: RunPlan): Promise<void>;
  update(run: RunRecord): Promise<void>;
  close(): Promise<void>;
}

export async function openRunStore(path: string, now: () => number): Promise<RunStore> {
  const { journal, lines } = await openRunJournal(path);
  const runs = new Map<string, RunRecord>();
  const plans = new Map<string, RunPlan>();
  const latest = new Map<string, string>();
  let compactAtBytes = compactBytesMin;

  function apply(line: Line): void {
    const { run } = line;
    if (line.kind === 'created') {
      plans.set(run.runId, line.plan);
      latest.set(run.runGroupId, run.runId);
    }
    runs.set(run.runId, run);
    if (isEnded(run.status)) plans.delete(run.runId);
  }

  async function write(line: Line): Promise<void> {
    await journal.append(line, () => apply(line));
    if (runs.size > 1.1 * runCountMax) forgetOld();
    if (journal.bytes > compactAtBytes) {
      const bytesBefore = journal.bytes;
      await journal.rewrite(linesOf);
      // Mostly live data: look again when it has grown as much once more.
      compactAtBytes = Math.max(compactBytesMin, 2 * Math.min(journal.bytes, bytesBefore));
    }
  }

  function linesOf(): Line[] {
    return [...runs.values()].map((run) => {
      const plan = plans.get(run.runId);
      // An ended run needs no plan any more, but must still announce itself as the latest of its group.
      return { kind: 'created', run, plan: plan ?? noPlan };
    });
  }

  function forgetOld(): boolean {
    const ended = [...runs.values()].filter((run) => isEnded(run.status));
    const surplus = ended.length - runCountMax;
    const old = ended.filter((run, index) => index < surplus || run.lastUpdatedMs < now() - keptMs);
    for (const { runId, runGroupId } of old) {
      runs.delete(runId);
      if (latest.get(runGroupId) === runId) latest.delete(runGroupId);
    }
    return old.length > 0;
  }

  for (const line of lines as Line[]) apply(line);
  if (forgetOld() || lines.length > 4 * runs.size + 1000) await journal.rewrite(linesOf);

  return {
    get: (runId) => runs.get(runId),
    all: () => [...runs.values()],
    planOf: (runId) => plans.get(runId),
    unfinished: () => [...runs.values()].filter((run) => !isEnded(run.status)),
    isLatest: (run) => latest.get(run.runGroupId) === run.runId,
    create: (run, plan) => write({ kind: 'created', run, plan }),
    update: (run) => write({ kind: 'run', run }),
    close: () => journal.close(),
  };
}

const noPlan: RunPlan = {
  pipeline: { activities: [], parameters: {}, variables: {}, concurrencyMax: undefined, runDimensions: {} },
  datasets: {},
  linkedServices: {},
};
