import type { BronzeDataset, HubSource } from '@lakewarden/compute';
import { type ControlState, type DrainResult, EMPTY_CONTROL, policyAt } from '@lakewarden/core';
import { ManualClock } from '@lakewarden/core/testing';
import { describe, expect, it } from 'vitest';
import { HubLanding } from './hub-landing.ts';
import { quietBoard, runForRests } from './landing-world.fixture.ts';

const source = { kind: 'event-hub', name: 'orders', hub: 'orders' } as unknown as HubSource;
const dataset: BronzeDataset = {
  layer: 'bronze',
  name: 'bronze.orders',
  source,
  columns: [],
  touchGrain: 'day',
};
const PAUSE = { target: 'source:orders', reason: 'audit', by: 'ann', since: '2026-11-22T00:00:00Z' };
const DRAIN_EVERY_MS = 60_000;
const PROBE_EVERY_MS = 2_000;

function makeWorld() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 12));
  const board = quietBoard(clock.now);
  const world = {
    clock,
    board,
    control: EMPTY_CONTROL as ControlState,
    drainedMs: [] as number[],
    looks: 0,
    answer: { kind: 'drained', events: 0 } as DrainResult,
    /** Runs the loop until it has rested so often. */
    async rests(count: number) {
      const landing = (clock: Pick<ManualClock, 'now' | 'sleep'>) =>
        new HubLanding({
          ...{ dataset, source, board, clock },
          policy: () => policyAt(world.control, clock.now()),
          drain: async () => {
            world.drainedMs.push(clock.now());
            return world.answer;
          },
          describe: async () => {
            world.looks++;
            return { generation: 'g', partitions: [] };
          },
          replays: () => [],
          replay: async () => ({ kind: 'unchanged', events: 0 }),
          endReplay: () => undefined,
          readBronze: async () => undefined,
          onLanded: () => undefined,
          drainEveryMs: DRAIN_EVERY_MS,
          probeEveryMs: PROBE_EVERY_MS,
        });
      await runForRests(clock, count, (ticking, signal) => landing(ticking).run(signal));
    },
  };
  return world;
}

describe('landing a hub', () => {
  it('drains at once and then at its interval, and looks at the lag between', async () => {
    const world = makeWorld();
    await world.rests(61);
    const gaps = world.drainedMs.slice(1).map((ms, at) => ms - (world.drainedMs[at] ?? 0));
    expect(gaps).toEqual([DRAIN_EVERY_MS, DRAIN_EVERY_MS]);
    expect(world.looks).toBe(61);
  });

  it('looks at the lag of a paused hub as often as of any other, and drains nothing', async () => {
    const world = makeWorld();
    const startMs = world.clock.now();
    world.control = { ...EMPTY_CONTROL, pauses: new Map([[PAUSE.target, PAUSE]]) };
    await world.rests(20);
    expect(world.drainedMs).toEqual([]);
    expect(world.clock.now() - startMs).toBe(19 * PROBE_EVERY_MS);
  });

  it('comes back soon to a drain that failed', async () => {
    const world = makeWorld();
    world.answer = { kind: 'failed', reason: 'the lake does not answer' };
    await world.rests(6);
    expect((world.drainedMs[1] ?? 0) - (world.drainedMs[0] ?? 0)).toBe(10_000);
    expect(world.board.hub('orders')?.error).toBe('the lake does not answer');
  });
});
