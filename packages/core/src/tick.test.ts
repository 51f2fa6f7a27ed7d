import { TerminalError, TransientError } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { EMPTY_CONTROL } from './policy/control-state.ts';
import { bronze, makeWorld, never, pipeline } from './reconcile/build-world.fixture.ts';
import { countStates, isComplete } from './summary.ts';
import { MemoryJobs, MemoryLanding, MemoryStream } from './testing.ts';
import { tick } from './tick.ts';

const DAY = Date.UTC(2026, 0, 15);

function tickWorld() {
  const world = makeWorld();
  const stream = new MemoryStream();
  stream.send(0, { body: '{}', enqueuedMs: DAY }, { body: '{}', enqueuedMs: DAY });
  world.engine.rowsOf = () => 2;
  const deps = { ...world.deps, stream, landing: new MemoryLanding(), jobs: new MemoryJobs() };
  const run = () => tick(deps, { ...world.request(1n, pipeline), windowOf: () => '2026-01-14' }, never);
  const complete = (result: Awaited<ReturnType<typeof run>>) =>
    isComplete({
      tables: [],
      slices: countStates([], result.views, result.failures),
      accounting: {},
      durationsMs: {},
      failures: result.failures.map(({ dataset, slice, reason }) => ({
        slice: `${dataset}@${slice}`,
        reason,
      })),
    });
  return { ...world, stream, run, complete };
}

describe('a tick', () => {
  it('lands what has arrived and builds all that is wanted', async () => {
    const world = tickWorld();
    const result = await world.run();
    expect(result.failures).toEqual([]);
    expect(world.complete(result)).toBe(true);
    expect(result.views.get('gold.sales')?.slices).toHaveLength(1);
  });

  it('builds what is there when its hub fails, and is not complete', async () => {
    const world = tickWorld();
    world.stream.describe = async () => {
      throw new TerminalError('not-found', 'no such hub');
    };
    await world.land({ '2026-01-14': 2 });
    const result = await world.run();
    expect(result.failures).toEqual([
      {
        dataset: bronze.name,
        slice: 'open',
        reason: 'hub retail-events/orders: not-found: no such hub',
      },
    ]);
    expect(result.views.get('silver.orders')?.slices[0]?.fresh).toBe(true);
    expect(world.complete(result)).toBe(false);
  });

  it('is not complete when work is parked: nobody comes back to it', async () => {
    const world = tickWorld();
    world.engine.before = () => {
      throw new TransientError('parked', 'open', { dependency: 'engine' });
    };
    const result = await world.run();
    expect(result.failures).toEqual([
      { dataset: 'silver.orders', slice: 'open', reason: 'waits for engine, which does not answer' },
    ]);
    expect(world.complete(result)).toBe(false);
  });

  it('drains no source that is paused, and is complete with what somebody holds', async () => {
    const world = tickWorld();
    const stop = { target: 'x', reason: 'audit', by: 'ann', since: '2026-01-15T00:00:00Z' };
    world.control.now = { ...EMPTY_CONTROL, pauses: new Map([['source:orders', stop]]) };
    expect((await world.run()).views.get('silver.orders')?.slices).toEqual([]);
    world.control.now = { ...EMPTY_CONTROL, freezes: new Map([['silver', stop]]) };
    const result = await world.run();
    expect(result.views.get('silver.orders')?.slices[0]?.status).toBe('frozen');
    expect(world.complete(result)).toBe(true);
  });
});
