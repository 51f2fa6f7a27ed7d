import { statSync } from 'node:fs';
import type { RunSummary } from '@lakewarden/contracts';
import { announceApi } from './announce-api.ts';
import { settlePort } from './api-port.ts';
import { checkPipeline } from './check-pipeline.ts';
import type { Child } from './child.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { howItEnded, keepRunning } from './keep-running.ts';
import { type LakeFolder, lakeFolder } from './lake-folder.ts';
import { lockLake } from './lake-lock.ts';
import { type LakeMode, readMode, settleMode } from './lake-mode.ts';
import { LakeProcesses } from './lake-processes.ts';
import { isUp } from './local-azure.ts';
import { PARTS } from './parts.ts';
import type { Progress } from './progress.ts';
import { showPlaces, summaryLines } from './show-up.ts';
import type { UpOptions } from './up-options.ts';

/** The day that stands for "now" in data that never changes: the day after the last invoice of the retail files. */
const DATA_AS_OF = '2011-12-10';
const GENERATED_AS_OF = '2026-01-15';
const GENERATED_SEED = 1;
/** Processes whose starter died end by themselves; a new `up` waits for them this long. */
const LEFT_OVER_MS_MAX = 10_000;
const LEFT_OVER_LOOK_MS = 100;

export interface UpTools {
  readonly progress: Progress;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number;
  /** Returns early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborts when the person or the system asks us to end. */
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

interface Session {
  readonly folder: LakeFolder;
  readonly mode: LakeMode;
  readonly options: UpOptions;
  readonly tools: UpTools;
  readonly processes: LakeProcesses;
}

/** `lakewarden up`: local Azure, then sources, then the agent; each a process, all ended when this one ends. */
export async function up(options: UpOptions, tools: UpTools): Promise<ExitCode> {
  const folder = lakeFolder(options.lake);
  if (options.data !== undefined) requireFolder(options.data);
  await checkPipeline(options.pipeline ?? readMode(folder)?.pipeline ?? PARTS.pipeline);
  const lock = lockLake(folder);
  try {
    const mode = settleMode(folder, askedMode(options), defaultMode(options));
    await waitForLeftOvers(folder, tools);
    return await run({ folder, mode, options, tools });
  } finally {
    lock.release();
  }
}

async function run(session: Omit<Session, 'processes'>): Promise<ExitCode> {
  const { options, tools } = session;
  const processes = new LakeProcesses({ ...session, progress: tools.progress });
  const stop = () => void processes.stop();
  tools.signal.addEventListener('abort', stop, { once: true });
  try {
    return await (options.once ? once({ ...session, processes }) : stay({ ...session, processes }));
  } catch (error) {
    // Whatever breaks while everything is being ended is a consequence of that.
    if (!tools.signal.aborted) throw error;
    return options.once ? EXIT.failed : EXIT.done;
  } finally {
    tools.signal.removeEventListener('abort', stop);
    await processes.stop();
    tools.progress.end();
  }
}

function askedMode(options: UpOptions): Partial<LakeMode> {
  const { data, asOf, seed, rows, pipeline } = options;
  return {
    ...(data !== undefined && { kind: 'data' as const }),
    ...(asOf !== undefined && { asOf }),
    ...(seed !== undefined && { seed }),
    // Of files, more rows may be loaded later; other rows are another generated world.
    ...(rows !== undefined && data === undefined && { rows }),
    ...(pipeline !== undefined && { pipeline }),
  };
}

function defaultMode(options: UpOptions): LakeMode {
  const kind = options.data === undefined ? 'generated' : 'data';
  return { kind, asOf: kind === 'data' ? DATA_AS_OF : GENERATED_AS_OF, seed: GENERATED_SEED };
}

function requireFolder(data: string): void {
  if (statSync(data, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new Refusal(
    EXIT.usage,
    `--data ${data} is no folder · give the one that holds transactions, clickstream, geo, catalog and vendors`,
  );
}

async function waitForLeftOvers(folder: LakeFolder, { now, sleep, signal }: UpTools): Promise<void> {
  const deadlineMs = now() + LEFT_OVER_MS_MAX;
  while (await isUp(folder)) {
    if (now() >= deadlineMs) {
      throw new Refusal(
        EXIT.refused,
        `a local Azure is already up on ${folder.root} · stop it first, or give another --lake`,
      );
    }
    await sleep(LEFT_OVER_LOOK_MS, signal);
    if (signal.aborted) return;
  }
}

/** Sends what there is, drains and builds it once, and says what came out. */
async function once({ folder, options, tools, processes }: Session): Promise<ExitCode> {
  const { now, print, progress, signal } = tools;
  const startedMs = now();
  const { endpoints } = await processes.startAzure();
  await processes.runSources(endpoints);
  const sourcesMs = now() - startedMs;
  let summary: RunSummary | undefined;
  const port = await settlePort(folder, options.port);
  const agent = processes.startAgent(endpoints, port, ['--once'], (found) => {
    summary = found;
  });
  const ended = await agent.ended;
  if (signal.aborted) {
    progress.note('stopped before its end · the same command goes on');
    return EXIT.failed;
  }
  if (summary === undefined) {
    throw new Refusal(
      EXIT.failed,
      `the agent ${howItEnded(ended)} before it was done · its words are above; the same command goes on`,
    );
  }
  const whole: RunSummary = {
    ...summary,
    failures: [...processes.problems.map((reason) => ({ slice: 'sources', reason })), ...summary.failures],
    durationsMs: { sources: sourcesMs, ...summary.durationsMs, total: now() - startedMs },
  };
  progress.end();
  if (options.json) print(JSON.stringify(whole));
  else for (const line of summaryLines(whole, folder)) print(line);
  return ended.code === 0 && whole.failures.length === 0 ? EXIT.done : EXIT.failed;
}

/** Stays up until it is asked to end. Agent and live sources are started again when they die; the local Azure is not. */
async function stay({ folder, mode, options, tools, processes }: Session): Promise<ExitCode> {
  const { progress, signal } = tools;
  const azure = await processes.startAzure();
  await processes.runSources(azure.endpoints);
  showPlaces(folder, azure.endpoints, progress);
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const keep = (name: string, start: () => Child) =>
    keepRunning({ ...tools, name, start, note: (text) => progress.note(text) }, until);
  const port = await settlePort(folder, options.port);
  const startAgent = () => {
    const agent = processes.startAgent(azure.endpoints, port);
    void announceApi({ ...tools, folder, agent }, until);
    return agent;
  };
  const kept = [keep('agent', startAgent)];
  if (mode.kind === 'generated') kept.push(keep('sources', () => processes.startLive(azure.endpoints)));
  try {
    const ended = await Promise.race([azure.ended, ...kept]);
    if (signal.aborted || ended === undefined) return EXIT.done;
    const how = howItEnded(ended);
    throw new Refusal(EXIT.failed, `the local Azure ${how} · the same command goes on from there`);
  } finally {
    over.abort();
  }
}
