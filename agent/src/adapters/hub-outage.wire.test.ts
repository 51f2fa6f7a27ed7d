import { EventHubConsumerClient } from '@azure/event-hubs';
import type { EventChunk, HubSource } from '@lakewarden/compute';
import { TransientError } from '@lakewarden/contracts';
import type { Clock, EventStream, Fact } from '@lakewarden/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCredential } from './credential.ts';
import { createEventStream } from './event-hubs.ts';
import type { Guards } from './guard/guards.ts';
import { systemClock } from './system-clock.ts';
import { makeGuards } from './testing/guards.ts';
import { HubWorld, rowsOf, sendEvents } from './testing/hub-world.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

const never = new AbortController().signal;

/** Waits are a tenth as long, so that an outage of many probes takes a second. */
const hasty: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) };

/** What Event Hubs' own client does with these is in facts.md, Azure 8: 30 s of silence, a dark partition, a hang. */
describe('a reader of a hub that fails', () => {
  let azure: LocalAzure;
  let world: HubWorld;
  let stream: EventStream;
  let guards: Guards;
  let facts: Fact[];

  beforeAll(async () => {
    azure = await startLocalAzure();
    world = new HubWorld(azure, createCredential());
  });
  beforeEach(() => {
    ({ guards, facts } = makeGuards(hasty));
    stream = createEventStream({
      credential: createCredential(),
      routes: azure.routes,
      clock: hasty,
      guard: guards.eventHubs,
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await azure.clearFaults();
    await stream.close();
    await guards.close();
  });
  afterAll(async () => {
    await world?.close();
    await azure?.stop();
  });

  const fault = (method: string, action: object, count?: number) =>
    azure.fault({ service: 'event-hubs', match: { method }, action, ...(count !== undefined && { count }) });

  /** Reads as the core does: what was handed over stays, and after a failure it goes on when the breaker lets it. */
  async function readAll(source: HubSource, upTo: number, onChunk?: (chunks: number) => Promise<void>) {
    const chunks: EventChunk[] = [];
    const failures: unknown[] = [];
    for (let round = 1n; round <= 50n; round++) {
      const after = chunks.at(-1)?.sequences.at(-1);
      const request = {
        source,
        partition: 0,
        after,
        upTo: BigInt(upTo),
        ownerLevel: round,
        chunkEventsMax: 100,
      };
      const take = async (chunk: EventChunk) => {
        await onChunk?.(chunks.length);
        chunks.push(chunk);
      };
      try {
        const outcome = await stream.read(request, take, never);
        return { outcome, sequences: rowsOf(chunks).map(({ sequence }) => Number(sequence)), failures };
      } catch (error) {
        failures.push(error);
        await closed();
      }
    }
    throw new Error('it was not read in fifty rounds');
  }

  /** At once while the breaker is closed, else when a probe has closed it. */
  function closed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = guards.eventHubs.onChange(({ state }) => {
      if (state === 'closed') resolve();
    });
    if (guards.eventHubs.status().state === 'closed') resolve();
    return promise.finally(stop);
  }

  const whole = (count: number) => Array.from({ length: count }, (_, n) => n);

  test('goes on after each of many forced detaches, with nothing lost and nothing twice', async () => {
    const { source, producer } = await world.makeHub('detached');
    await sendEvents(producer, '0', 0, 3_000);
    let detaches = 0;
    const read = await readAll(source, 2_999, async (chunks) => {
      if (chunks % 5 !== 4) return;
      detaches++;
      await azure.fault({ service: 'event-hubs', action: { kind: 'detach' } });
    });
    expect(detaches).toBeGreaterThan(3);
    expect(read.sequences).toEqual(whole(3_000));
  });

  test('goes on after the service was busy', async () => {
    const { source, producer } = await world.makeHub('busy');
    await sendEvents(producer, '0', 0, 1_500);
    await fault('RECEIVE', { kind: 'error', status: 503, code: 'com.microsoft:server-busy' }, 7);
    const read = await readAll(source, 1_499);
    expect(read.sequences).toEqual(whole(1_500));
  });

  test('is parked through an outage, asks little of the service meanwhile, and goes on by itself', async () => {
    const { source, producer } = await world.makeHub('gone');
    await sendEvents(producer, '0', 0, 2_000);
    let isDown = false;
    const outage = Promise.withResolvers<void>();
    guards.eventHubs.onChange(({ state }) => {
      if (state === 'open' && facts.filter(({ type }) => type === 'BreakerProbed').length >= 4)
        outage.resolve();
    });
    const ended = outage.promise.then(() => azure.clearFaults());
    const read = await readAll(source, 1_999, async (chunks) => {
      if (isDown || chunks < 3) return;
      isDown = true;
      await azure.fault({ service: 'event-hubs', action: { kind: 'refuse' } });
    });
    await ended;
    expect(read.sequences).toEqual(whole(2_000));
    expect(read.failures.at(-1)).toMatchObject({ code: 'parked', dependency: 'event-hubs' });
    expect(facts.map(({ type }) => type).filter((type) => type !== 'BreakerProbed')).toEqual([
      'BreakerOpened',
      'BreakerClosed',
    ]);
    // Ten that opened it, a probe each second and each fifth one, and the read that went on.
    expect(guards.eventHubs.status().attempts).toBeLessThanOrEqual(14);
  });

  test('reads the chunk again that its taker could not take, and the hub is not blamed', async () => {
    const { source, producer } = await world.makeHub('throwing');
    await sendEvents(producer, '0', 0, 500);
    let thrown = 0;
    const read = await readAll(source, 499, async (chunks) => {
      if (chunks === 2 && thrown++ < 12) throw new TransientError('unavailable', 'storage is down');
    });
    expect(read.sequences).toEqual(whole(500));
    expect(read.failures).toHaveLength(12);
    expect(guards.eventHubs.status()).toMatchObject({ state: 'closed', failures: 0, retries: 0 });
  });

  test('does not wait for a close that never settles', async () => {
    const { source, producer } = await world.makeHub('hanging');
    await sendEvents(producer, '0', 0, 1_000);
    const subscribe = EventHubConsumerClient.prototype.subscribe;
    vi.spyOn(EventHubConsumerClient.prototype, 'subscribe').mockImplementation(function (
      this: EventHubConsumerClient,
      ...given: unknown[]
    ) {
      const real = Reflect.apply(subscribe, this, given) as ReturnType<typeof subscribe>;
      const close = () => {
        void real.close();
        return new Promise<void>(() => undefined);
      };
      return { isRunning: true, close };
    });
    const read = await readAll(source, 999, async (chunks) => {
      if (chunks === 4) await azure.fault({ service: 'event-hubs', action: { kind: 'detach' } });
    });
    expect(read.sequences).toEqual(whole(1_000));
  });
});
