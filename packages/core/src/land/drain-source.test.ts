import type { BronzeDataset, HubSource } from '@lakewarden/compute';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { Tables } from '../lake/tables.ts';
import {
  CountingRandom,
  ManualClock,
  MemoryFiles,
  MemoryLanding,
  MemoryStream,
  recordedFacts,
} from '../testing.ts';
import { drainSource } from './drain-source.ts';

const source: HubSource = { kind: 'event-hub', name: 'orders', namespace: 'retail-events', hub: 'orders' };
const dataset: BronzeDataset = {
  layer: 'bronze',
  name: 'bronze.orders',
  source,
  columns: [{ name: 'sequence', type: 'long' }],
  touchGrain: 'day',
};
const request = { dataset, source, epoch: 1n };
const never = new AbortController().signal;

function makeWorld() {
  const { facts, emit } = recordedFacts();
  const clock = new ManualClock();
  const stream = new MemoryStream();
  stream.send(0, { body: '{}', enqueuedMs: Date.UTC(2026, 0, 15) });
  const deps = {
    tables: new Tables(memoryStorage(), clock, emit),
    stream,
    landing: new MemoryLanding(),
    files: new MemoryFiles(),
    random: new CountingRandom(),
    clock,
    emit,
  };
  return { facts, clock, stream, deps };
}

describe('landing one hub', () => {
  it('comes to its last event in spite of a fault on the way', async () => {
    const { clock, stream, deps } = makeWorld();
    stream.fail = () => {
      stream.fail = undefined;
      throw new TransientError('unavailable', 'link detached');
    };
    expect(await drainSource(deps, request, never)).toEqual({ kind: 'drained', events: 1 });
    expect(clock.slept).toEqual([500]);
  });

  it('gives up after four attempts, with a fact and the reason (I8)', async () => {
    const { facts, clock, stream, deps } = makeWorld();
    stream.fail = () => {
      throw new TransientError('unavailable', 'link detached');
    };
    const reason = 'unavailable: link detached';
    expect(await drainSource(deps, request, never)).toEqual({ kind: 'failed', reason });
    expect(clock.slept).toHaveLength(3);
    expect(facts).toContainEqual({ type: 'HubFailed', hub: 'retail-events/orders', reason });
  });

  it('does not try again what cannot succeed', async () => {
    const { clock, stream, deps } = makeWorld();
    stream.describe = async () => {
      throw new TerminalError('not-found', 'no such hub');
    };
    expect(await drainSource(deps, request, never)).toMatchObject({ kind: 'failed' });
    expect(clock.slept).toEqual([]);
  });

  it('is parked, not failed, while the breaker of a dependency is open', async () => {
    const { facts, clock, stream, deps } = makeWorld();
    stream.fail = () => {
      throw new TransientError('parked', 'open', { dependency: 'event-hubs/retail-events' });
    };
    const dependency = 'event-hubs/retail-events';
    expect(await drainSource(deps, request, never)).toEqual({ kind: 'parked', dependency });
    expect(clock.slept).toEqual([]);
    expect(facts).toContainEqual({ type: 'LandingParked', source: 'orders', dependency });
    expect(facts.filter(({ type }) => type === 'HubFailed')).toEqual([]);
  });

  it('says which partitions another reader took', async () => {
    const { stream, deps } = makeWorld();
    stream.stolen.add(0);
    expect(await drainSource(deps, request, never)).toEqual({ kind: 'lost', partitions: [0] });
  });

  it('ends at once when the agent stops', async () => {
    const { stream, deps } = makeWorld();
    const stop = new AbortController();
    stream.fail = () => {
      stop.abort(new Error('stopping'));
      throw new TransientError('unavailable', 'link detached');
    };
    await expect(drainSource(deps, request, stop.signal)).rejects.toThrow('stopping');
  });
});
