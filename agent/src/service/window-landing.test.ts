import type { BatchSource, BronzeDataset } from '@lakewarden/compute';
import { type ControlState, EMPTY_CONTROL, policyAt, type WindowResult } from '@lakewarden/core';
import { ManualClock } from '@lakewarden/core/testing';
import type { Snapshot } from '@lakewarden/delta';
import { describe, expect, it } from 'vitest';
import { quietBoard, runForRests } from './landing-world.fixture.ts';
import { WindowLanding } from './window-landing.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const source = { kind: 'data-factory', name: 'vendors', everyMs: DAY_MS } as BatchSource;
const dataset: BronzeDataset = {
  layer: 'bronze',
  name: 'bronze.vendors',
  source,
  columns: [],
  touchGrain: 'day',
};

/** A landing whose rounds are counted: it ends after `rounds` rests. */
function makeWorld(options: { readonly windowEveryMs?: number } = {}) {
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 12));
  const board = quietBoard(clock.now);
  const world = {
    clock,
    board,
    control: EMPTY_CONTROL as ControlState,
    txns: new Map<string, bigint>(),
    asked: [] as { window: string; attempt: number }[],
    answer: undefined as WindowResult | undefined,
    /** From the second copy on. */
    later: undefined as WindowResult | undefined,
    landed: 0,
    async rounds(count: number) {
      await runForRests(clock, count, (ticking, signal) => landing(ticking).run(signal));
    },
  };
  const landing = (ticking: Pick<ManualClock, 'now' | 'sleep'>) =>
    new WindowLanding({
      ...{ dataset, source, board, clock: ticking },
      policy: () => policyAt(world.control, clock.now()),
      control: () => world.control,
      windowOf: () => '2026-11-21',
      land: async (window, attempt) => {
        world.asked.push({ window, attempt });
        const answer = world.asked.length > 1 ? (world.later ?? world.answer) : world.answer;
        if (answer !== undefined) return answer;
        world.txns.set(`lw/batch/vendors/${window}`, BigInt(attempt));
        return { kind: 'landed', rows: 7, attempt, changed: true };
      },
      readBronze: async () => ({ txns: world.txns, files: new Map() }) as unknown as Snapshot,
      onLanded: () => {
        world.landed++;
      },
      windowEveryMs: options.windowEveryMs,
    });
  return world;
}

describe('landing a batch source', () => {
  it('copies the window that is due, once', async () => {
    const world = makeWorld();
    await world.rounds(4);
    expect(world.asked).toEqual([{ window: '2026-11-21', attempt: 1 }]);
    expect(world.board.window('vendors')).toMatchObject({ state: 'landed', rows: 7 });
    expect(world.landed).toBe(1);
  });

  it('copies again what people want again, older windows too, and no more than that', async () => {
    const world = makeWorld();
    world.txns.set('lw/batch/vendors/2026-11-21', 1n);
    world.txns.set('lw/batch/vendors/2026-11-10', 2n);
    world.control = {
      ...EMPTY_CONTROL,
      reruns: new Map([
        ['vendors/2026-11-21', 2],
        ['vendors/2026-11-10', 3],
        ['stores/2026-11-21', 9],
      ]),
    };
    await world.rounds(3);
    expect(world.asked).toEqual([
      { window: '2026-11-21', attempt: 2 },
      { window: '2026-11-10', attempt: 3 },
    ]);
  });

  it('comes back to a failure ever less often, and at once when somebody says retry', async () => {
    const world = makeWorld();
    world.answer = { kind: 'failed', reason: 'it brought 0 rows', code: 'zero-rows' };
    const startMs = world.clock.now();
    await world.rounds(12);
    expect(world.board.window('vendors')).toMatchObject({ state: 'failed', isZeroRows: true });
    const passedMs = world.clock.now() - startMs;
    // 30 s, 1 min, 2 min, 4 min …: with a look a minute that is few tries in so long a time.
    expect(world.asked.length).toBeLessThanOrEqual(Math.ceil(Math.log2(passedMs / 30_000)) + 2);
    expect(world.asked.length).toBeGreaterThan(2);
  });

  it('waits for a dependency without counting it as a failure', async () => {
    const world = makeWorld();
    world.answer = { kind: 'parked', dependency: 'data-factory' };
    await world.rounds(2);
    expect(world.board.parked().get('source:vendors')).toBe('data-factory');
    expect(world.board.window('vendors')?.state).toBe('due');
  });

  it('rests between two tries while what it copies again is parked', async () => {
    const world = makeWorld({ windowEveryMs: 30_000 });
    world.later = { kind: 'parked', dependency: 'data-factory' };
    const startMs = world.clock.now();
    await world.rounds(20);
    const waitedMs = world.clock.now() - startMs - 30_000;
    expect(world.asked.length - 1).toBeLessThanOrEqual(waitedMs / 1_000 + 1);
  });

  it('does nothing while it is paused', async () => {
    const world = makeWorld();
    const pause = { target: 'source:vendors', reason: 'audit', by: 'ann', since: '2026-11-22T00:00:00Z' };
    world.control = { ...EMPTY_CONTROL, pauses: new Map([[pause.target, pause]]) };
    await world.rounds(3);
    expect(world.asked).toEqual([]);
  });

  it('copies a landed window again as often as it is told to', async () => {
    const world = makeWorld({ windowEveryMs: 30_000 });
    await world.rounds(4);
    expect(world.asked.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  });
});
