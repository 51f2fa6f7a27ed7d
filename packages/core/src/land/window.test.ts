import type { BatchSource, BronzeDataset } from '@lakewarden/compute';
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
