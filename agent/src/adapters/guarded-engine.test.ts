import type { BronzeDataset, DuckDbEngine, StreamLanding } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import { expect, test } from 'vitest';
import { guardEngine } from './guarded-engine.ts';
import { makeGuards } from './testing/guards.ts';
import { SteppedClock } from './testing/stepped-clock.ts';

const never = new AbortController().signal;

function makeEngine() {
  const clock = new SteppedClock();
  const { guards } = makeGuards(clock);
  const state = { calls: 0, fails: undefined as Error | undefined };
  const writeStream = async () => {
    state.calls++;
    if (state.fails !== undefined) throw state.fails;
    return [];
  };
  const engine = guardEngine({ name: 'duckdb', writeStream } as unknown as DuckDbEngine, guards.engine);
  const dataset = { name: 'bronze.orders' } as unknown as BronzeDataset;
  const job: StreamLanding = { dataset, generation: 'g', chunks: [], outDir: '/nowhere' };
  return { clock, guard: guards.engine, state, write: () => engine.writeStream(job, never) };
}

test('a landing is never made twice with buffers that are gone', async () => {
  const { state, write } = makeEngine();
  state.fails = new TransientError('unavailable', 'the worker died');
  await expect(write()).rejects.toMatchObject({ code: 'unavailable' });
  expect(state.calls).toBe(1);
});

test('an engine that has no memory again and again is left alone for a while, and then tried with one job', async () => {
  const { clock, guard, state, write } = makeEngine();
  state.fails = new TransientError('out-of-memory', 'x');
  for (let i = 0; i < 50; i++) await write().catch(() => undefined);
  expect(state.calls).toBe(10);
  expect(guard.status().state).toBe('open');
  await clock.pass(1_000);
  for (let i = 0; i < 50; i++) await write().catch(() => undefined);
  expect(state.calls).toBe(11);
  state.fails = undefined;
  await clock.pass(5_000);
  await expect(write()).resolves.toEqual([]);
  expect(guard.status()).toMatchObject({ state: 'closed', failures: 0 });
});
