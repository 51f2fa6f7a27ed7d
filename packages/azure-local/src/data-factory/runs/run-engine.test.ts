import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { FaultBoard } from '../../faults/fault-board.ts';
import type { FaultRule } from '../../faults/rule.ts';
import type { LakeFiles } from '../../server/service.ts';
import type { CopyDistortion } from '../copy/run-copy.ts';
import { parseDataset, parseLinkedService } from '../dataset-definition.ts';
import type { Json, JsonObject } from '../json.ts';
import { parsePipeline } from '../pipeline-definition.ts';
import { newRun } from './create-run.ts';
import { createRunEngine, type EngineTiming } from './run-engine.ts';
import { isEnded, type RunPlan, type RunRecord } from './run-record.ts';
import { createRunSlots } from './run-slots.ts';
import { openRunStore, type RunStore } from './run-store.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A lake in memory that also tells when something has been written. */
function memoryLake(
  files: Map<string, string>,
  beforeWrite: () => Promise<void> = async () => {},
): LakeFiles {
  return {
    list: async (_account, _fileSystem, path) =>
      [...files.keys()]
        .filter((name) => name === path || name.startsWith(`${path}/`))
        .map((name) => ({ path: name, bytes: files.get(name)?.length ?? 0 })),
    read: async (_account, _fileSystem, path) => {
      const content = files.get(path);
      return content === undefined ? undefined : Readable.from([Buffer.from(content)]);
    },
    write: async (_account, _fileSystem, path, content) => {
      await beforeWrite();
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      files.set(path, Buffer.concat(chunks).toString('utf8'));
      return { bytes: 0 };
    },
  };
}

const timing: EngineTiming = { queueDelayMs: 0, cancelDelayMs: 0, retryIntervalScale: 0 };

interface World {
  readonly board: FaultBoard;
  readonly files: Map<string, string>;
  readonly store: RunStore;
  readonly clock: { nowMs: number };
  run(pipeline: JsonObject, parameters?: JsonObject): Promise<string>;
  cancel(runId: string): Promise<boolean>;
  /** Stops the engine as a process end does, and opens all again on the same folder. */
  restart(): Promise<void>;
  until(runId: string, isReached: (run: RunRecord) => boolean): Promise<RunRecord>;
  ended(runId: string): Promise<RunRecord>;
}

async function world(options: { distortion?: CopyDistortion; slots?: number } = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'lw-engine-'));
  ends.push(() => rm(dir, { recursive: true, force: true }));
  const clock = { nowMs: Date.UTC(2026, 10, 22) };
  const board = new FaultBoard();
  const files = new Map([
    ['in/a.csv', 'x\n1\n2\n'],
    ['in/b.csv', 'x\n3\n'],
  ]);
  const deps = {
    lake: memoryLake(files),
    faults: board,
    now: () => clock.nowMs,
    distortCopy: () => options.distortion,
  };
  const open = async () => {
    const store = await openRunStore(join(dir, 'runs.jsonl'), deps.now);
    const engine = createRunEngine(store, deps, timing, createRunSlots(options.slots));
    engine.resume();
    return { store, engine };
  };
  let live = await open();
  const close = async () => {
    await live.engine.close();
    await live.store.close();
  };
  ends.push(close);
  let count = 0;
  const until = async (runId: string, isReached: (run: RunRecord) => boolean) => {
    for (let turns = 0; turns < 5000; turns += 1) {
      const run = live.store.get(runId);
      if (run !== undefined && isReached(run)) return run;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`run ${runId} stays ${live.store.get(runId)?.status}`);
  };
  return {
    board,
    files,
    clock,
    get store() {
      return live.store;
    },
    run: async (document, parameters = {}) => {
      const pipeline = parsePipeline(document);
      const request = {
        factory: 'f',
        pipelineName: 'p',
        pipeline,
        parameters,
        reference: undefined,
        isRecovery: false,
        startActivityName: undefined,
        startFromFailure: false,
      };
      count += 1;
      const run = newRun(request, `run-${count}`, clock.nowMs);
      await live.engine.start(run, plan(pipeline));
      return run.runId;
    },
    cancel: (runId) => live.engine.cancel(runId),
    restart: async () => {
      await close();
      live = await open();
    },
    until,
    ended: (runId) => until(runId, ({ status }) => isEnded(status)),
  };
}

function plan(pipeline: RunPlan['pipeline']): RunPlan {
  const location = { type: 'AzureBlobFSLocation', fileSystem: 'lake', folderPath: '@dataset().folder' };
  const dataset = parseDataset({
    type: 'DelimitedText',
    linkedServiceName: { referenceName: 'lake' },
    parameters: { folder: { type: 'String' } },
    typeProperties: { location, firstRowAsHeader: true },
  });
  const linked = parseLinkedService({
    type: 'AzureBlobFS',
    typeProperties: { url: 'https://retaillake.dfs.core.windows.net' },
  });
  return { pipeline, datasets: { csv: dataset }, linkedServices: { lake: linked } };
}

function copy(name: string, output: string, more: JsonObject = {}): JsonObject {
  const reference = (folder: string) => [{ referenceName: 'csv', parameters: { folder } }];
  return {
    name,
    type: 'Copy',
    inputs: reference('in'),
    outputs: reference(output),
    typeProperties: { source: { type: 'DelimitedTextSource' }, sink: { type: 'DelimitedTextSink' } },
    ...more,
  };
}

function setVariable(name: string, value: Json, dependsOn: readonly string[] = []): JsonObject {
  return {
    name,
    type: 'SetVariable',
    typeProperties: { variableName: 'v', value },
    dependsOn: dependsOn.map((activity) => ({ activity, dependencyConditions: ['Succeeded'] })),
  };
}

const failing = (more: Partial<FaultRule> = {}): FaultRule => ({
  service: 'data-factory',
  match: {},
  action: { kind: 'error', status: 500, code: 'Injected', when: 'before' },
  probability: 1,
  seed: 1,
  skip: 0,
  count: undefined,
  ...more,
});

const holding = (): FaultRule => failing({ action: { kind: 'hold', when: 'before' } });

test('a failed activity is tried again as its policy says, each attempt with its own record', async () => {
  const w = await world();
  w.board.install(failing({ count: 2 }));
  const run = await w.ended(await w.run({ activities: [copy('c', 'out', { policy: { retry: 2 } })] }));
  expect(run.status).toBe('Succeeded');
  expect(run.attempts.map(({ status, attempt, final }) => [status, attempt, final])).toEqual([
    ['Failed', 0, false],
    ['Failed', 1, false],
    ['Succeeded', 2, true],
  ]);
});

test('retries end, and the run fails with the last error', async () => {
  const w = await world();
  w.board.install(failing());
  const run = await w.ended(await w.run({ activities: [copy('c', 'out', { policy: { retry: 1 } })] }));
  expect(run).toMatchObject({ status: 'Failed' });
  expect(run.message).toContain('Operation on target c failed');
  expect(run.attempts).toHaveLength(2);
});

test('outputs flow to later activities, and variables of parallel ones do not overwrite each other', async () => {
  const w = await world();
  const variables = { v: { type: 'String' }, u: { type: 'String' } };
  const activities = [
    copy('c', 'out'),
    setVariable('after', "@concat('rows ', activity('c').output.rowsCopied)", ['c']),
    { ...setVariable('other', 'x'), typeProperties: { variableName: 'u', value: 'x' } },
  ];
  const run = await w.ended(await w.run({ variables, activities }));
  expect(run.variables).toEqual({ v: 'rows 3', u: 'x' });
});

test('an activity that works, or stands still, beyond its time limit fails', async () => {
  const w = await world();
  w.board.install(holding());
  const policy = { timeout: '00:00:01' };
  const stuck = await w.run({ activities: [copy('c', 'out', { policy })] });
  const waiting = { name: 'w', type: 'Wait', typeProperties: { waitTimeInSeconds: 60 }, policy };
  const busy = await w.run({ activities: [waiting] });
  for (const run of [await w.ended(stuck), await w.ended(busy)]) {
    expect(run.status).toBe('Failed');
    expect(run.attempts[0]?.error?.errorCode).toBe('ActivityTimedOut');
  }
});

test('a pipeline with a concurrency keeps further runs queued, in order', async () => {
  const w = await world();
  w.board.install(holding());
  const document = { concurrency: 1, activities: [copy('c', 'out')] };
  const first = await w.run(document);
  await w.until(first, ({ attempts }) => attempts.length === 1);
  const second = await w.run(document);
  await w.until(second, ({ status }) => status === 'Queued');
  expect(w.store.get(second)?.attempts).toEqual([]);
  w.board.removeAll();
  const ended = [await w.ended(first), await w.ended(second)];
  expect(ended.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
});

test('a queued run can be cancelled, an ended one not', async () => {
  const w = await world({ slots: 1 });
  w.board.install(holding());
  const first = await w.run({ activities: [copy('c', 'out')] });
  await w.until(first, ({ attempts }) => attempts.length === 1);
  const second = await w.run({ activities: [copy('c', 'out')] });
  expect(await w.cancel(second)).toBe(true);
  expect(await w.ended(second)).toMatchObject({ status: 'Cancelled', attempts: [] });
  expect(await w.cancel(second)).toBe(false);
  w.board.removeAll();
  expect((await w.ended(first)).status).toBe('Succeeded');
});

test('a run in flight at a restart does the same again, even where its path tells the time', async () => {
  const w = await world();
  const hold = w.board.install(holding());
  const activities = [copy('c', "out/@{utcnow('HHmmss')}")];
  const runId = await w.run({ activities });
  const before = await w.until(runId, ({ attempts }) => attempts.length === 1);
  await w.restart();
  w.clock.nowMs += 3_600_000;
  w.board.remove(hold ?? '');
  const run = await w.ended(runId);
  expect(run.status).toBe('Succeeded');
  expect(run.attempts).toHaveLength(1);
  expect(run.attempts[0]?.activityRunId).toBe(before.attempts[0]?.activityRunId);
  expect([...w.files.keys()].filter((name) => name.startsWith('out/'))).toEqual([
    'out/000000/a.csv',
    'out/000000/b.csv',
  ]);
});

test('activities that had ended before a restart are not repeated', async () => {
  const w = await world();
  const activities = [
    copy('first', 'one'),
    copy('second', 'two', { dependsOn: [{ activity: 'first', dependencyConditions: ['Succeeded'] }] }),
  ];
  const hold = w.board.install({ ...holding(), match: { path: /activities\/second$/ } });
  const runId = await w.run({ activities });
  await w.until(runId, ({ attempts }) => attempts.length === 2);
  w.files.delete('one/a.csv');
  await w.restart();
  w.board.remove(hold ?? '');
  expect((await w.ended(runId)).status).toBe('Succeeded');
  expect(w.files.has('one/a.csv')).toBe(false);
  expect(w.files.has('two/a.csv')).toBe(true);
});

test('a cancel that was asked for before a restart is completed by it', async () => {
  const w = await world();
  w.board.install(holding());
  const runId = await w.run({ activities: [copy('c', 'out')] });
  const run = await w.until(runId, ({ attempts }) => attempts.length === 1);
  // As a process leaves it that dies between Canceling and Cancelled.
  await w.store.update({ ...run, status: 'Canceling' });
  await w.restart();
  expect(await w.ended(runId)).toMatchObject({ status: 'Cancelled', attempts: [{ status: 'Cancelled' }] });
});

test('the value of a SecureString parameter does not show in the input of an activity', async () => {
  const w = await world();
  const parameters = { key: { type: 'SecureString' } };
  const variables = { v: { type: 'String' } };
  const document = {
    parameters,
    variables,
    activities: [setVariable('s', '@{pipeline().parameters.key}-x')],
  };
  const run = await w.ended(await w.run(document, { key: 'hidden-word' }));
  expect(run.variables).toEqual({ v: 'hidden-word-x' });
  expect(JSON.stringify(run.attempts[0]?.input)).not.toContain('hidden-word');
});

test('a copy can be made to report success with no rows, or with files that are not there', async () => {
  const none = await world({ distortion: { kind: 'zero-rows' } });
  const empty = await none.ended(await none.run({ activities: [copy('c', 'out')] }));
  expect(empty.status).toBe('Succeeded');
  expect(empty.attempts[0]?.output).toMatchObject({ rowsCopied: 0, filesWritten: 0 });
  expect(none.files.has('out/a.csv')).toBe(false);
  const part = await world({ distortion: { kind: 'partial-files', fileCount: 1 } });
  const partial = await part.ended(await part.run({ activities: [copy('c', 'out')] }));
  expect(partial.attempts[0]?.output).toMatchObject({ rowsCopied: 3, filesWritten: 2 });
  expect([part.files.has('out/a.csv'), part.files.has('out/b.csv')]).toEqual([true, false]);
});

test('history older than the service keeps is forgotten at a start, and what is left reads the same', async () => {
  const w = await world();
  const old = await w.ended(await w.run({ activities: [] }));
  w.clock.nowMs += 46 * 24 * 3_600_000;
  const young = await w.ended(await w.run({ activities: [] }));
  await w.restart();
  expect(w.store.get(old.runId)).toBeUndefined();
  expect(w.store.get(young.runId)).toEqual(young);
  expect(w.store.isLatest(young)).toBe(true);
});
