import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredEvent } from './batch-frame.ts';
import { LogReader } from './log-reader.ts';
import { PartitionLog, type PartitionLogOptions } from './partition-log.ts';
import { DamagedSegment } from './segment.ts';
import type { IncomingEvent } from './stored-event.ts';

let dir: string;
let now: number;
const logs: PartitionLog[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'partition-log-'));
  now = 1_000;
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
  await rm(dir, { recursive: true, force: true });
});

async function openLog(options: Partial<PartitionLogOptions> = {}): Promise<PartitionLog> {
  const log = await PartitionLog.open({ dir, now: () => now, ...options });
  logs.push(log);
  return log;
}

const NOTHING = Buffer.alloc(0);

function event(text: string): IncomingEvent {
  return {
    header: NOTHING,
    annotations: NOTHING,
    annotationItems: 0,
    partitionKey: undefined,
    rest: Buffer.from(text),
  };
}

const events = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => event(`#${from + index}`));

/** All events from a sequence on; texts are taken out of the wire form. */
async function read(log: PartitionLog, from: bigint): Promise<{ sequence: bigint; text: string }[]> {
  const reader = new LogReader(log, from);
  const found: { sequence: bigint; text: string }[] = [];
  while (!reader.isAtEnd) found.push(...(await reader.readPage()).map(described));
  await reader.close();
  return found;
}

function described({ sequence, wire }: StoredEvent) {
  return { sequence, text: wire.toString('latin1').slice(wire.lastIndexOf('#')) };
}

const numbers = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ sequence: BigInt(from + index), text: `#${from + index}` }));

describe('appending', () => {
  test('numbers events in the order of the calls, however many run at once', async () => {
    const log = await openLog();
    await Promise.all([0, 3, 6].map((from) => log.append(events(from, 3))));
    expect(await read(log, 0n)).toEqual(numbers(0, 9));
    expect(log.state()).toMatchObject({ firstSequence: 0n, lastSequence: 8n, isEmpty: false });
  });

  test('begins and goes on above 2^53', async () => {
    const firstSequence = 2n ** 60n;
    const log = await openLog({ firstSequence });
    await log.append(events(0, 2));
    expect((await read(log, firstSequence)).map(({ sequence }) => sequence)).toEqual([
      firstSequence,
      firstSequence + 1n,
    ]);
  });

  test('never lets the enqueued time go back', async () => {
    const log = await openLog();
    await log.append(events(0, 1));
    now = 500;
    await log.append(events(1, 1));
    expect(log.state().lastEnqueuedMs).toBe(1_000);
  });

  test('tells readers who wait', async () => {
    const log = await openLog();
    const seen: bigint[] = [];
    const stop = log.onAppend(() => seen.push(log.nextSequence));
    await log.append(events(0, 2));
    stop();
    await log.append(events(2, 2));
    expect(seen).toEqual([2n]);
  });
});

describe('opening again', () => {
  test('finds the same events, with and without its index files', async () => {
    const log = await openLog({ segmentBytesMax: 2_000 });
    for (let from = 0; from < 200; from += 5) await log.append(events(from, 5));
    expect(log.segments.length).toBeGreaterThan(3);
    const state = log.state();
    await log.close();
    for (const drop of [false, true]) {
      if (drop) for (const name of await readdir(dir)) if (name.endsWith('.idx')) await rm(join(dir, name));
      const again = await openLog({ segmentBytesMax: 2_000 });
      expect(again.state()).toEqual(state);
      expect(await read(again, 0n)).toEqual(numbers(0, 200));
      await again.close();
    }
  });

  test('does not trust a damaged index file', async () => {
    const log = await openLog();
    await log.append(events(0, 5));
    await log.close();
    const [index = ''] = (await readdir(dir)).filter((name) => name.endsWith('.idx'));
    const bytes = await readFile(join(dir, index));
    bytes[20] = (bytes[20] ?? 0) ^ 0xff;
    await writeFile(join(dir, index), bytes);
    expect(await read(await openLog(), 0n)).toEqual(numbers(0, 5));
  });

  test.each([1, 7, 20, 60])(
    'cuts a last batch that misses %i bytes, whole, and writes on',
    async (missing) => {
      const log = await openLog();
      await log.append(events(0, 3));
      await log.append(events(3, 3));
      const path = log.segments[0]?.path ?? '';
      const { bytes } = log.segments[0]?.summary ?? { bytes: 0 };
      await log.close();
      for (const name of await readdir(dir)) if (name.endsWith('.idx')) await rm(join(dir, name));
      await truncate(path, bytes - missing);
      const again = await openLog();
      expect(again.nextSequence).toBe(3n);
      await again.append(events(3, 1));
      expect(await read(again, 0n)).toEqual(numbers(0, 4));
    },
  );

  test('cuts rubbish behind the last batch', async () => {
    const log = await openLog();
    await log.append(events(0, 3));
    const path = log.segments[0]?.path ?? '';
    await log.close();
    await appendFile(path, Buffer.alloc(100, 7));
    expect((await openLog()).nextSequence).toBe(3n);
  });

  test('refuses a log that is damaged before its end', async () => {
    const log = await openLog({ segmentBytesMax: 1_000 });
    for (let from = 0; from < 50; from += 5) await log.append(events(from, 5));
    const [first] = log.segments;
    await log.close();
    for (const name of await readdir(dir)) if (name.endsWith('.idx')) await rm(join(dir, name));
    await truncate(first?.path ?? '', (first?.summary.bytes ?? 0) - 10);
    await expect(openLog()).rejects.toBeInstanceOf(DamagedSegment);
  });
});

describe('reading', () => {
  test('begins anywhere, over many pages and segments', async () => {
    const log = await openLog({ segmentBytesMax: 300_000 });
    const big = 'x'.repeat(3_000);
    for (let from = 0; from < 400; from += 20)
      await log.append(Array.from({ length: 20 }, (_, index) => event(`${big}#${from + index}`)));
    for (const from of [0, 1, 19, 20, 137, 399])
      expect(await read(log, BigInt(from))).toEqual(numbers(from, 400 - from));
    expect(await read(log, 400n)).toEqual([]);
  });

  test('copes with a batch that is larger than a page', async () => {
    const log = await openLog();
    await log.append([event('y'.repeat(1_000_000)), event('#1')]);
    const found = await read(log, 0n);
    expect(found.map(({ sequence }) => sequence)).toEqual([0n, 1n]);
    expect(found[1]?.text).toBe('#1');
  });

  test('finds events by offset and by time', async () => {
    const log = await openLog({ segmentBytesMax: 2_000 });
    for (let from = 0; from < 60; from += 3) {
      now = 1_000 + from;
      await log.append(events(from, 3));
    }
    const reader = new LogReader(log, 0n);
    expect(await reader.sequenceAfterTime(0)).toBe(0n);
    expect(await reader.sequenceAfterTime(1_000)).toBe(3n);
    expect(await reader.sequenceAfterTime(1_028)).toBe(30n);
    expect(await reader.sequenceAfterTime(9_999)).toBe(60n);
    const { lastOffset } = log.state();
    expect(await reader.sequenceAtOffset(lastOffset, true)).toBe(59n);
    expect(await reader.sequenceAtOffset(lastOffset, false)).toBe(60n);
    expect(await reader.sequenceAtOffset(lastOffset - 1n, false)).toBe(59n);
    expect(await reader.sequenceAtOffset(0n, false)).toBe(0n);
    await reader.close();
  });
});

describe('retention', () => {
  test('drops whole segments and keeps the numbering when all is gone', async () => {
    const log = await openLog({ segmentBytesMax: 500 });
    for (let from = 0; from < 30; from += 3) {
      now = 1_000 + from;
      await log.append(events(from, 3));
    }
    const { lastOffset } = log.state();
    await log.dropBefore(1_015);
    expect(log.firstSequence).toBeGreaterThan(0n);
    expect(log.firstSequence).toBeLessThanOrEqual(15n);
    expect((await read(log, 0n)).at(-1)?.text).toBe('#29');
    await log.dropBefore(5_000);
    expect(log.state()).toMatchObject({ isEmpty: true, firstSequence: 30n, lastSequence: 29n, lastOffset });
    await log.close();
    const again = await openLog();
    expect(again.state()).toMatchObject({ isEmpty: true, lastSequence: 29n, lastOffset });
    await again.append(events(30, 1));
    expect(await read(again, 0n)).toEqual(numbers(30, 1));
  });

  test('waits for writes and lets none be lost', async () => {
    const log = await openLog({ segmentBytesMax: 500 });
    const appends = Array.from({ length: 20 }, (_, index) => log.append(events(index, 1)));
    now = 2_000;
    await log.dropBefore(1);
    await Promise.all(appends);
    expect(await read(log, 0n)).toEqual(numbers(0, 20));
  });
});
