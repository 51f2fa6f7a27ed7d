import type { BatchSource, BronzeDataset } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import { loadSnapshot } from '@lakewarden/delta';
import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { Tables } from '../lake/tables.ts';
import {
  CountingRandom,
  ManualClock,
  MemoryFiles,
  MemoryJobs,
  MemoryLanding,
  recordedFacts,
} from '../testing.ts';
import { landWindow, lastClosedWindow, windowAppId } from './window.ts';

const source: BatchSource = {
  kind: 'data-factory',
  name: 'stores',
  factory: 'retail-factory',
  pipeline: 'copy-stores',
  everyMs: 24 * 3_600_000,
  format: { kind: 'json-array' },
  allowEmpty: false,
};
const dataset: BronzeDataset = {
  layer: 'bronze',
  name: 'bronze.stores',
  source,
  columns: [{ name: 'row', type: 'long' }],
  touchGrain: 'day',
};
const request = { dataset, source, window: '2011-12-10', epoch: 1n };
const never = new AbortController().signal;

function makeWorld() {
  const storage = memoryStorage();
  const { facts, emit } = recordedFacts();
  const clock = new ManualClock();
  const deps = {
    tables: new Tables(storage, clock, emit),
    jobs: new MemoryJobs(),
    landing: new MemoryLanding(),
    files: new MemoryFiles(),
    clock,
    random: new CountingRandom(),
    emit,
  };
  return { storage, facts, clock, deps };
}

describe('a batch window', () => {
  it('is named by the start of the last interval that has closed', () => {
    expect(lastClosedWindow(source, Date.UTC(2026, 0, 15, 0, 0, 0))).toBe('2026-01-14');
    expect(lastClosedWindow(source, Date.UTC(2026, 0, 15, 23, 59, 59))).toBe('2026-01-14');
  });

  it('lands once: a second call finds its txn and asks for no run', async () => {
    const { storage, deps } = makeWorld();
    expect(await landWindow(deps, request, never)).toMatchObject({ kind: 'landed', rows: 1 });
    expect(await landWindow(deps, request, never)).toEqual({ kind: 'present' });
    expect(deps.jobs.submitted).toHaveLength(1);
    const snapshot = await loadSnapshot(storage, 'bronze/stores');
    expect(snapshot?.txns.get(windowAppId(source, '2011-12-10'))).toBe(1n);
  });

  it('that brings nothing has failed, and commits nothing', async () => {
    const { storage, deps } = makeWorld();
    deps.landing.batchRows = 0;
    const outcome = await landWindow(deps, request, never);
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('allowEmpty') });
    expect(deps.jobs.submitted).toHaveLength(1);
    expect(await loadSnapshot(storage, 'bronze/stores')).toBeUndefined();
  });

  it('may bring nothing when the source says so', async () => {
    const { storage, deps } = makeWorld();
    deps.landing.batchRows = 0;
    deps.jobs.states = [{ kind: 'succeeded', rowsCopied: 0 }];
    const empty = { ...source, allowEmpty: true };
    expect(await landWindow(deps, { ...request, source: empty }, never)).toMatchObject({
      kind: 'landed',
      rows: 0,
    });
    expect((await loadSnapshot(storage, 'bronze/stores'))?.txns.has(windowAppId(source, '2011-12-10'))).toBe(
      true,
    );
  });

  it('is not landed when fewer rows arrived than were copied (I11)', async () => {
    const { storage, deps } = makeWorld();
    deps.jobs.states = [{ kind: 'succeeded', rowsCopied: 5 }];
    expect(await landWindow(deps, request, never)).toMatchObject({ kind: 'failed' });
    expect(await loadSnapshot(storage, 'bronze/stores')).toBeUndefined();
  });

  it('is tried again after a failed run, at most four times (I8)', async () => {
    const { facts, deps } = makeWorld();
    deps.jobs.states = [{ kind: 'failed', reason: 'UserErrorFileNotFound' }];
    expect(await landWindow(deps, request, never)).toMatchObject({ kind: 'failed' });
    expect(deps.jobs.submitted.map((job) => job.attempt)).toEqual([1, 2, 3, 4]);
    expect(facts.filter((fact) => fact.type === 'WindowFailed')).toHaveLength(4);
  });

  it('that another agent landed while ours was copied is found there, not landed again (I20)', async () => {
    const { storage, facts, deps } = makeWorld();
    const poll = deps.jobs.poll.bind(deps.jobs);
    deps.jobs.poll = async () => {
      deps.jobs.poll = poll;
      const other = { ...deps, tables: new Tables(storage, deps.clock, deps.emit) };
      expect(await landWindow(other, request, never)).toMatchObject({ kind: 'landed' });
      return poll();
    };
    expect(await landWindow(deps, request, never)).toEqual({ kind: 'present' });
    expect(facts.filter((fact) => fact.type === 'WindowFailed')).toEqual([]);
    const snapshot = await loadSnapshot(storage, 'bronze/stores');
    expect(snapshot?.version).toBe(0);
  });

  it('cancels a run that never ends', async () => {
    const { deps } = makeWorld();
    deps.jobs.states = [{ kind: 'running' }];
    expect(await landWindow(deps, request, never)).toMatchObject({ kind: 'failed' });
    expect(deps.jobs.cancelled).toEqual(['run-1', 'run-2', 'run-3', 'run-4']);
  });
});

describe('a batch window that is wanted again', () => {
  const files = async (storage: ReturnType<typeof makeWorld>['storage']) => {
    const snapshot = await loadSnapshot(storage, 'bronze/stores');
    return { version: snapshot?.version, paths: [...(snapshot?.files.keys() ?? [])] };
  };

  it('is copied again into a folder of its own; equal rows move its txn alone', async () => {
    const { storage, deps } = makeWorld();
    await landWindow(deps, request, never);
    const before = await files(storage);
    expect(await landWindow(deps, { ...request, attempt: 2 }, never)).toEqual({
      kind: 'landed',
      rows: 1,
      attempt: 2,
      changed: false,
    });
    expect(await files(storage)).toEqual({ version: 1, paths: before.paths });
    const snapshot = await loadSnapshot(storage, 'bronze/stores');
    expect(snapshot?.txns.get(windowAppId(source, '2011-12-10'))).toBe(2n);
    const outputs = deps.jobs.submitted.map((job) => job.output);
    expect(new Set(outputs).size).toBe(2);
    expect(await landWindow(deps, { ...request, attempt: 2 }, never)).toEqual({ kind: 'present' });
  });

  it('replaces what the attempt before brought, and nothing of other windows', async () => {
    const { storage, deps } = makeWorld();
    await landWindow(deps, { ...request, window: '2011-12-09' }, never);
    const [other] = (await files(storage)).paths;
    await landWindow(deps, request, never);
    deps.landing.batchRows = 3;
    deps.jobs.states = [{ kind: 'succeeded', rowsCopied: 3 }];
    expect(await landWindow(deps, { ...request, attempt: 2 }, never)).toMatchObject({
      kind: 'landed',
      rows: 3,
      changed: true,
    });
    const { paths } = await files(storage);
    expect(paths).toHaveLength(2);
    expect(paths).toContain(other);
  });

  it('keeps what it has when the new attempt brings nothing, and says why by code', async () => {
    const { storage, deps } = makeWorld();
    await landWindow(deps, request, never);
    const before = await files(storage);
    deps.landing.batchRows = 0;
    const outcome = await landWindow(deps, { ...request, attempt: 2 }, never);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'zero-rows' });
    expect(await files(storage)).toEqual(before);
  });

  it('takes the next number after a run that failed, and the same one after a fault on the way (I20)', async () => {
    const { deps } = makeWorld();
    let faults = 1;
    const list = deps.files.list.bind(deps.files);
    deps.files.list = async () => {
      if (faults-- > 0) throw new TransientError('unavailable', 'storage is away');
      return list();
    };
    deps.jobs.states = [
      { kind: 'succeeded', rowsCopied: 1 },
      { kind: 'failed', reason: 'UserErrorFileNotFound' },
      { kind: 'succeeded', rowsCopied: 1 },
    ];
    expect(await landWindow(deps, { ...request, attempt: 2 }, never)).toMatchObject({ attempt: 3 });
    expect(deps.jobs.submitted.map((job) => job.attempt)).toEqual([2, 2, 3]);
  });

  it('is parked, not failed, while a dependency does not answer', async () => {
    const { facts, deps } = makeWorld();
    deps.jobs.submit = async () => {
      throw new TransientError('parked', 'open', { dependency: 'data-factory/retail-factory' });
    };
    expect(await landWindow(deps, request, never)).toEqual({
      kind: 'parked',
      dependency: 'data-factory/retail-factory',
    });
    expect(facts.map(({ type }) => type)).toEqual(['LandingParked']);
  });
});
