import {
  type Backfill,
  type BackfillStep,
  EMPTY_CONTROL,
  policyAt,
  type ReconcileResult,
} from '@lakewarden/core';
import { ManualClock } from '@lakewarden/core/testing';
import { expect, it } from 'vitest';
import { BuildLoop } from './build-loop.ts';
import { quietBoard } from './landing-world.fixture.ts';

const backfill = (id: string, startedAt: string): Backfill => ({
  id,
  plan: 'p',
  title: id,
  dataset: 'silver.orders',
  slices: ['silver.orders@2026-01-01'],
  rows: 1,
  estimateMs: 1,
  startedAt,
  startedBy: 'ann',
});
const NOTHING: ReconcileResult = { views: new Map(), failures: [], parked: [] };

/** The order in which it does things, until it rests for the first time. */
async function firstRound(
  steps: Readonly<Record<string, readonly BackfillStep[]>>,
  reconcile: () => ReconcileResult = () => NOTHING,
) {
  const clock = new ManualClock();
  const done: string[] = [];
  const stop = new AbortController();
  const backfills = new Map(
    Object.keys(steps).map((id, index) => [id, backfill(id, `2026-01-0${index + 1}T00:00:00Z`)]),
  );
  const control = { ...EMPTY_CONTROL, backfills };
  const board = quietBoard(clock.now, () => control);
  const left = new Map(Object.entries(steps).map(([id, list]) => [id, [...list]]));
  const rests: number[] = [];
  const loop = new BuildLoop({
    board,
    clock: {
      now: clock.now,
      sleep: async (ms) => {
        rests.push(ms);
        stop.abort();
      },
    },
    control: () => control,
    policy: () => policyAt(control, clock.now()),
    reconcile: async () => {
      done.push('live');
      return reconcile();
    },
    fill: async ({ id }) => {
      done.push(id);
      return left.get(id)?.shift() ?? { built: 1, pending: 0, failed: 0, didWork: false };
    },
    endBackfill: (id, as) => {
      done.push(`${id} ${as}`);
      backfills.set(id, { ...backfill(id, 'x'), ended: { as, at: 'x' } });
    },
    nextAttemptMs: () => undefined,
    onFailed: (reason) => done.push(`failed: ${reason}`),
  });
  await loop.run(stop.signal);
  return { done, rests, board };
}

const step = (pending: number, didWork: boolean, failed = 0): BackfillStep => ({
  built: 1,
  pending,
  failed,
  didWork,
});

it('looks at live work before every few slices of a backfill, and says when it has ended', async () => {
  const { done } = await firstRound({ b1: [step(2, true), step(0, true)] });
  expect(done).toEqual(['live', 'b1', 'live', 'b1', 'b1 done', 'live']);
});

it('fills one backfill after the other, the oldest first; one that can do nothing holds nobody up', async () => {
  const { done } = await firstRound({ b1: [step(3, false)], b2: [step(0, true)] });
  expect(done.slice(0, 4)).toEqual(['live', 'b1', 'b2', 'b2 done']);
});

it('tells a backfill whose last slices fail for good as failed', async () => {
  const { done } = await firstRound({ b1: [step(0, false, 2)] });
  expect(done).toContain('b1 failed');
});

it('does not end a backfill whose look was parked, and keeps what is known of its progress', async () => {
  const parked = {
    ...step(0, false),
    built: 0,
    parked: { dataset: 'silver.orders', dependency: 'storage' } as const,
  };
  const { done, board } = await firstRound({ b1: [parked] });
  expect(done).toEqual(['live', 'b1']);
  expect(board.observe().backfillProgress.get('b1')).toBeUndefined();
});

it('goes on after a pass that failed as a whole', async () => {
  const { done, rests } = await firstRound({}, () => {
    throw new Error('the log is cut off');
  });
  expect(done).toEqual(['live', 'failed: the log is cut off']);
  expect(rests).toHaveLength(1);
});

it('shows which datasets wait for a dependency, and no longer when they do not', async () => {
  const { board } = await firstRound({}, () => ({
    ...NOTHING,
    parked: [{ dataset: 'gold.sales', dependency: 'storage' }],
  }));
  expect([...board.parked()]).toEqual([['gold.sales', 'storage']]);
});
