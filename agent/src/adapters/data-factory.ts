import { type ActivityRun, DataFactoryManagementClient, type PipelineRun } from '@azure/arm-datafactory';
import type { TokenCredential } from '@azure/identity';
import type { BatchSource } from '@lakewarden/compute';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { Clock, CopyJob, CopyRun, CopyState, JobRunner } from '@lakewarden/core';
import { type AzureRoutes, createRestHttpClient } from './azure-routes.ts';
import type { Guard } from './guard/guard.ts';
import { classRestError, restFailure } from './rest-errors.ts';

export interface DataFactoryOptions {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly credential: TokenCredential;
  readonly routes: AzureRoutes | undefined;
  readonly clock: Clock;
  /** Of Data Factory. */
  readonly guard: Guard;
  /** How long a run that was started may be missing from queries. */
  readonly listingLagMs?: number;
  readonly requestTimeoutMs?: number;
}

const LISTING_LAG_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** A submit looks, may cancel, and starts; more than this many of its requests are not slow at once. */
const SUBMIT_REQUESTS_SLOW_MAX = 3;
/** Data Factory keeps run history this long ("Monitor Azure Data Factory": 45 days). */
const HISTORY_MS = 45 * 24 * 3_600_000;
/** The query has to name an end; our clock may be behind the service's. */
const AHEAD_MS = 24 * 3_600_000;
const PAGES_MAX = 1_000;

/** Runs of a pipeline that a new attempt must not adopt. */
const LOST: ReadonlySet<string> = new Set(['Failed', 'Cancelled', 'Canceling']);
const ACTIVE: ReadonlySet<string> = new Set(['Queued', 'InProgress']);

/** Data Factory as a runner of copies. `createRun` is not idempotent, so a run is found by its parameters (I20). */
export function createDataFactory(options: DataFactoryOptions): JobRunner {
  const { guard, clock, resourceGroup, listingLagMs = LISTING_LAG_MS } = options;
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const httpClient = createRestHttpClient(options.routes);
  const client = new DataFactoryManagementClient(options.credential, options.subscriptionId, {
    // The guard is the only layer that repeats (I8).
    retryOptions: { maxRetries: 0 },
    ...(httpClient && { httpClient }),
  });
  const factory: Factory = { client, resourceGroup, clock, listingLagMs, lostStarts: new Map() };
  const use = (source: BatchSource) =>
    guard.probeWith(async (abortSignal) => {
      await client.factories.get(resourceGroup, source.factory, { abortSignal });
    });
  const ask =
    (signal: AbortSignal): Ask =>
    (what, call) =>
      guard.run(what, signal, call, { timeoutMs, repeatable: true });
  return {
    submit(job, signal) {
      use(job.source);
      const attempt = (abortSignal: AbortSignal) => submit(factory, asked(abortSignal), job, abortSignal);
      const submitMs = listingLagMs + timeoutMs * SUBMIT_REQUESTS_SLOW_MAX;
      const what = `submit ${job.source.pipeline}`;
      return guard.run(what, signal, attempt, { timeoutMs: submitMs, repeatable: true });
    },
    poll(source, runId, signal) {
      use(source);
      return poll(factory, ask(signal), source, runId);
    },
    cancel(source, runId, signal) {
      use(source);
      return cancel(factory, ask(signal), source, runId);
    },
  };
}

interface Factory {
  readonly client: DataFactoryManagementClient;
  readonly resourceGroup: string;
  readonly clock: Clock;
  readonly listingLagMs: number;
  /** Output without its nonce → when a start was sent that was never answered: the listing may not show its run yet. */
  readonly lostStarts: Map<string, number>;
}

/** One request: behind the guard, or part of an attempt that is. */
type Ask = <T>(what: string, call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** Inside an attempt the request is neither limited nor repeated on its own. */
function asked(signal: AbortSignal): Ask {
  return async (what, call) => {
    try {
      return await call(signal);
    } catch (error) {
      throw classRestError(error, what);
    }
  };
}

/** One attempt: looks first, so that it may be repeated whatever became of the one before. */
async function submit(factory: Factory, ask: Ask, job: CopyJob, signal: AbortSignal): Promise<CopyRun> {
  const { clock, listingLagMs, lostStarts } = factory;
  const key = withoutNonce(job.output);
  const lostMs = lostStarts.get(key);
  if (lostMs !== undefined) {
    const leftMs = lostMs + listingLagMs - clock.now();
    if (leftMs > 0) await clock.sleep(Math.min(leftMs, listingLagMs), signal);
  }
  const run = (await adopt(factory, ask, job)) ?? (await start(factory, ask, job, key));
  lostStarts.delete(key);
  return run;
}

async function start(factory: Factory, ask: Ask, job: CopyJob, key: string): Promise<CopyRun> {
  const { source, window, output } = job;
  const { clock, listingLagMs, lostStarts } = factory;
  const parameters = { window, output };
  for (const [old, sentMs] of lostStarts) if (clock.now() - sentMs > listingLagMs) lostStarts.delete(old);
  lostStarts.set(key, clock.now());
  try {
    const { runId } = await ask(`start ${source.pipeline}`, (abortSignal) =>
      factory.client.pipelines.createRun(factory.resourceGroup, source.factory, source.pipeline, {
        parameters,
        abortSignal,
      }),
    );
    return { runId, output };
  } catch (error) {
    if (error instanceof TerminalError) lostStarts.delete(key);
    else lostStarts.set(key, clock.now());
    throw error;
  }
}

/** The oldest run of this (source, window, attempt) that is not lost; the others that still run are cancelled. */
async function adopt(factory: Factory, ask: Ask, job: CopyJob): Promise<CopyRun | undefined> {
  const runs = (await queryRuns(factory, ask, job.source)).filter((run) => isRunOf(job, run));
  const [oldest, ...others] = runs
    .filter((run) => !LOST.has(run.status ?? ''))
    .sort((a, b) => startMs(a) - startMs(b) || compareText(a.runId, b.runId));
  for (const other of others) {
    if (ACTIVE.has(other.status ?? '')) await cancel(factory, ask, job.source, other.runId ?? '');
  }
  if (oldest?.runId === undefined) return undefined;
  return { runId: oldest.runId, output: oldest.parameters?.output ?? job.output };
}

/** The parameters alone tell: `window`, and in `output` the source and the attempt before the nonce. */
function isRunOf(job: CopyJob, run: PipelineRun): boolean {
  const { window, output } = run.parameters ?? {};
  return window === job.window && output !== undefined && withoutNonce(output) === withoutNonce(job.output);
}

/** `landing/stores/2011-12-10/1-3f9c…` → `landing/stores/2011-12-10/1`. */
export function withoutNonce(output: string): string {
  return output.replace(/-[^/]*$/, '');
}

/** When it was started; a queued run has no start yet and counts as the newest. */
function startMs(run: PipelineRun): number {
  return run.runStart?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function compareText(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function queryRuns(factory: Factory, ask: Ask, source: BatchSource): Promise<PipelineRun[]> {
  const now = factory.clock.now();
  const filter = {
    lastUpdatedAfter: new Date(now - HISTORY_MS),
    lastUpdatedBefore: new Date(now + AHEAD_MS),
    filters: [{ operand: 'PipelineName', operator: 'Equals', values: [source.pipeline] }],
  };
  return allPages(`runs of ${source.pipeline}`, (page) =>
    ask(`query runs of ${source.pipeline}`, (abortSignal) =>
      factory.client.pipelineRuns.queryByFactory(
        factory.resourceGroup,
        source.factory,
        { ...filter, ...page },
        { abortSignal },
      ),
    ),
  );
}

/** Continuation is by hand in this client (facts.md, Azure 4). */
async function allPages<T>(
  what: string,
  query: (page: { continuationToken?: string }) => Promise<{ value: T[]; continuationToken?: string }>,
): Promise<T[]> {
  const all: T[] = [];
  let page: { continuationToken?: string } = {};
  for (let pages = 1; pages <= PAGES_MAX; pages++) {
    const { value, continuationToken } = await query(page);
    all.push(...value);
    if (continuationToken === undefined || continuationToken === '') return all;
    page = { continuationToken };
  }
  throw new TerminalError('limit', `more than ${PAGES_MAX} pages of ${what}`);
}

async function poll(factory: Factory, ask: Ask, source: BatchSource, runId: string): Promise<CopyState> {
  const run = await getRun(factory, ask, source, runId);
  // A run that was just started may not be found yet, so its absence is not final.
  if (run === undefined)
    throw new TransientError('not-found', `no run ${runId} in the factory ${source.factory}`);
  switch (run.status) {
    case 'Succeeded':
      return { kind: 'succeeded', rowsCopied: rowsCopied(await activities(factory, ask, source, run)) };
    case 'Failed':
      return { kind: 'failed', reason: run.message ?? 'the run failed without a message' };
    case 'Cancelled':
      return { kind: 'failed', reason: 'the run was cancelled' };
    default:
      // Queued, InProgress, Canceling, and whatever may come: not ended. The caller has a deadline.
      return { kind: 'running' };
  }
}

async function getRun(
  factory: Factory,
  ask: Ask,
  source: BatchSource,
  runId: string,
): Promise<PipelineRun | undefined> {
  return ask(`get run ${runId}`, async (abortSignal) => {
    try {
      return await factory.client.pipelineRuns.get(factory.resourceGroup, source.factory, runId, {
        abortSignal,
      });
    } catch (error) {
      if (restFailure(error)?.status === 404) return undefined;
      throw error;
    }
  });
}

async function activities(
  factory: Factory,
  ask: Ask,
  source: BatchSource,
  run: PipelineRun,
): Promise<ActivityRun[]> {
  const runId = run.runId ?? '';
  const now = factory.clock.now();
  const filter = {
    lastUpdatedAfter: new Date(now - HISTORY_MS),
    lastUpdatedBefore: new Date(now + AHEAD_MS),
  };
  return allPages(`activities of ${runId}`, (page) =>
    ask(`query activities of ${runId}`, (abortSignal) =>
      factory.client.activityRuns.queryByPipelineRun(
        factory.resourceGroup,
        source.factory,
        runId,
        { ...filter, ...page },
        { abortSignal },
      ),
    ),
  );
}

/** Only table-shaped copies report rows; a binary copy does not, and undefined says so. */
export function rowsCopied(runs: readonly ActivityRun[]): number | undefined {
  let rows: number | undefined;
  for (const run of runs) {
    if (run.activityType !== 'Copy' || run.status !== 'Succeeded') continue;
    const copied = (run.output as { rowsCopied?: unknown } | undefined)?.rowsCopied;
    if (typeof copied === 'number') rows = (rows ?? 0) + copied;
  }
  return rows;
}

/** A run that has ended, or never was, is cancelled already. */
async function cancel(factory: Factory, ask: Ask, source: BatchSource, runId: string): Promise<void> {
  try {
    await ask(`cancel run ${runId}`, (abortSignal) =>
      factory.client.pipelineRuns.cancel(factory.resourceGroup, source.factory, runId, {
        isRecursive: true,
        abortSignal,
      }),
    );
  } catch (error) {
    if (!(error instanceof TerminalError) || error.code === 'unauthorized') throw error;
    const run = await getRun(factory, ask, source, runId);
    if (run !== undefined && ACTIVE.has(run.status ?? '')) throw error;
  }
}
