import { type ActivityRun, DataFactoryManagementClient, type PipelineRun } from '@azure/arm-datafactory';
import type { TokenCredential } from '@azure/identity';
import type { BatchSource } from '@lakewarden/compute';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import type { Clock, CopyJob, CopyRun, CopyState, JobRunner, Random } from '@lakewarden/core';
import { type AzureRoutes, createRestHttpClient } from './azure-routes.ts';
import { classRestError, restFailure } from './rest-errors.ts';
import { ATTEMPTS_MAX, withRetry } from './retry.ts';
import { withTimeLimit } from './time-limit.ts';

export interface DataFactoryOptions {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly credential: TokenCredential;
  readonly routes: AzureRoutes | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a run that was started may be missing from queries. */
  readonly listingLagMs?: number;
  readonly requestTimeoutMs?: number;
}

const LISTING_LAG_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
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
  const httpClient = createRestHttpClient(options.routes);
  const client = new DataFactoryManagementClient(options.credential, options.subscriptionId, {
    // withRetry and submit are the only layers that repeat (I8).
    retryOptions: { maxRetries: 0 },
    ...(httpClient && { httpClient }),
  });
  const factory: Factory = {
    client,
    resourceGroup: options.resourceGroup,
    clock: options.clock,
    random: options.random,
    listingLagMs: options.listingLagMs ?? LISTING_LAG_MS,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
  };
  return {
    submit: (job, signal) => submit(factory, job, signal),
    poll: (source, runId, signal) => poll(factory, source, runId, signal),
    cancel: (source, runId, signal) => cancel(factory, source, runId, signal),
  };
}

interface Factory {
  readonly client: DataFactoryManagementClient;
  readonly resourceGroup: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly listingLagMs: number;
  readonly requestTimeoutMs: number;
}

async function submit(factory: Factory, job: CopyJob, signal: AbortSignal): Promise<CopyRun> {
  for (let attempt = 1; ; attempt++) {
    const adopted = await adopt(factory, job, signal);
    if (adopted !== undefined) return adopted;
    try {
      return await start(factory, job, signal);
    } catch (error) {
      if (!(error instanceof TransientError) || error.code === 'cancelled' || attempt >= ATTEMPTS_MAX)
        throw error;
      // A lost answer may hide a run that is not listed yet: wait out the lag, then look before trying again.
      await factory.clock.sleep(Math.max(factory.listingLagMs, error.retryAfterMs ?? 0), signal);
    }
  }
}

async function start(factory: Factory, job: CopyJob, signal: AbortSignal): Promise<CopyRun> {
  const { source, window, output } = job;
  const parameters = { window, output };
  const { runId } = await once(factory, `start ${source.pipeline}`, signal, (abortSignal) =>
    factory.client.pipelines.createRun(factory.resourceGroup, source.factory, source.pipeline, {
      parameters,
      abortSignal,
    }),
  );
  return { runId, output };
}

/** The oldest run of this (source, window, attempt) that is not lost; the others that still run are cancelled. */
async function adopt(factory: Factory, job: CopyJob, signal: AbortSignal): Promise<CopyRun | undefined> {
  const runs = (await queryRuns(factory, job.source, signal)).filter((run) => isRunOf(job, run));
  const [oldest, ...others] = runs
    .filter((run) => !LOST.has(run.status ?? ''))
    .sort((a, b) => startMs(a) - startMs(b) || compareText(a.runId, b.runId));
  for (const other of others) {
    if (ACTIVE.has(other.status ?? '')) await cancel(factory, job.source, other.runId ?? '', signal);
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

async function queryRuns(factory: Factory, source: BatchSource, signal: AbortSignal): Promise<PipelineRun[]> {
  const now = factory.clock.now();
  const filter = {
    lastUpdatedAfter: new Date(now - HISTORY_MS),
    lastUpdatedBefore: new Date(now + AHEAD_MS),
    filters: [{ operand: 'PipelineName', operator: 'Equals', values: [source.pipeline] }],
  };
  return allPages(`runs of ${source.pipeline}`, (page) =>
    repeated(factory, `query runs of ${source.pipeline}`, signal, (abortSignal) =>
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

async function poll(
  factory: Factory,
  source: BatchSource,
  runId: string,
  signal: AbortSignal,
): Promise<CopyState> {
  const run = await getRun(factory, source, runId, signal);
  // A run that was just started may not be found yet, so its absence is not final.
  if (run === undefined)
    throw new TransientError('not-found', `no run ${runId} in the factory ${source.factory}`);
  switch (run.status) {
    case 'Succeeded':
      return { kind: 'succeeded', rowsCopied: rowsCopied(await activities(factory, source, run, signal)) };
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
  source: BatchSource,
  runId: string,
  signal: AbortSignal,
): Promise<PipelineRun | undefined> {
  return repeated(factory, `get run ${runId}`, signal, async (abortSignal) => {
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
  source: BatchSource,
  run: PipelineRun,
  signal: AbortSignal,
): Promise<ActivityRun[]> {
  const runId = run.runId ?? '';
  const now = factory.clock.now();
  const filter = {
    lastUpdatedAfter: new Date(now - HISTORY_MS),
    lastUpdatedBefore: new Date(now + AHEAD_MS),
  };
  return allPages(`activities of ${runId}`, (page) =>
    repeated(factory, `query activities of ${runId}`, signal, (abortSignal) =>
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
async function cancel(
  factory: Factory,
  source: BatchSource,
  runId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await repeated(factory, `cancel run ${runId}`, signal, (abortSignal) =>
      factory.client.pipelineRuns.cancel(factory.resourceGroup, source.factory, runId, {
        isRecursive: true,
        abortSignal,
      }),
    );
  } catch (error) {
    if (!(error instanceof TerminalError) || error.code === 'unauthorized') throw error;
    const run = await getRun(factory, source, runId, signal);
    if (run !== undefined && ACTIVE.has(run.status ?? '')) throw error;
  }
}

async function once<T>(
  factory: Factory,
  what: string,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withTimeLimit(factory.requestTimeoutMs, signal, call);
  } catch (error) {
    throw classRestError(error, what);
  }
}

function repeated<T>(
  factory: Factory,
  what: string,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withRetry(factory, signal, () => once(factory, what, signal, call));
}
