import { expect, test } from 'vitest';
import type { EventBlock } from '../load/event-source.ts';
import { DEFAULT_WORLD, GeneratedWorld, HUB_NAMES, type HubName } from './generated-world.ts';
import { liveSource } from './live-source.ts';

const world = new GeneratedWorld({ ...DEFAULT_WORLD, days: 2, orderRows: 400 });
const START_MS = Date.parse('2026-03-01T10:00:00Z');

/** Runs on a clock that moves only while the source sleeps. */
async function take(hub: HubName, events: number, options: { sentRows?: number; stepMs?: number } = {}) {
  let nowMs = START_MS;
  const stop = new AbortController();
  const source = liveSource(world, hub, {
    eventsPerSecond: 40,
    now: () => nowMs,
    sleep: async () => {
      nowMs += options.stepMs ?? 250;
    },
  });
  const blocks: EventBlock[] = [];
  let taken = 0;
  for await (const block of source.blocks(stop.signal, options.sentRows ?? 0)) {
    blocks.push(block);
    taken += block.count;
    if (taken >= events) stop.abort();
  }
  return { blocks, nowMs };
}

const bodiesOf = (blocks: readonly EventBlock[]) =>
  blocks.flatMap((block) =>
    Array.from({ length: block.count }, (_, at) => block.body(at).toString('latin1')),
  );

test('keeps the asked pace and goes on behind the rows that were sent before', async () => {
  const { blocks, nowMs } = await take('orders', 400, { sentRows: 1_000 });
  expect(nowMs - START_MS).toBe(10_250);
  let next = 1_001;
  for (const block of blocks) {
    expect(block.firstRow).toBe(next);
    next += block.count;
  }
});

test('after a long sleep of the machine it does not send all at once', async () => {
  const { blocks } = await take('orders', 3_000, { stepMs: 3_600_000 });
  expect(Math.max(...blocks.map((block) => block.count))).toBe(1_000);
});

test.each(HUB_NAMES)('%s: every 97th event is the one before it again, and no other is', async (hub) => {
  const bodies = bodiesOf((await take(hub, 2_000)).blocks).map((body, index) => ({ body, row: index + 1 }));
  const seen = new Set<string>();
  const repeated = bodies.filter(({ body }) => {
    const again = body.endsWith('"}') && seen.has(body);
    seen.add(body);
    return again;
  });
  for (const { row } of repeated) expect(row % 97).toBe(0);
  expect(repeated.length).toBeGreaterThan(10);
});

test('what happens now has the time of now, and every 200th event is an hour late', async () => {
  const bodies = bodiesOf((await take('payments', 400)).blocks);
  const timeOf = (row: number) => Date.parse(JSON.parse(bodies[row - 1] ?? '').PaidAt);
  expect(timeOf(199)).toBeGreaterThanOrEqual(START_MS);
  expect(timeOf(200)).toBeLessThan(START_MS);
});

test('a poisoned hub sends mostly events that no one can read, at the same pace, until it is cured', async () => {
  let nowMs = START_MS;
  let isPoisoned = true;
  const stop = new AbortController();
  const source = liveSource(world, 'orders', {
    eventsPerSecond: 40,
    now: () => nowMs,
    sleep: async () => {
      nowMs += 1_000;
    },
    isPoisoned: (hub) => hub === 'orders' && isPoisoned,
  });
  const bodies: string[] = [];
  for await (const block of source.blocks(stop.signal, 0)) {
    bodies.push(...bodiesOf([block]));
    if (bodies.length >= 200) isPoisoned = false;
    if (bodies.length >= 400) stop.abort();
  }
  const bad = (part: readonly string[]) => part.filter((body) => body.includes('"Quantity":"many"')).length;
  expect(bad(bodies.slice(0, 200))).toBeGreaterThan(150);
  expect(bad(bodies.slice(200))).toBe(0);
});
