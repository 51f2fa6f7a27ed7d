import { TerminalError, TransientError } from '@lakewarden/contracts';
import { describe, expect, test } from 'vitest';
import type { EventSource, StampedEvent } from './event-source.ts';
import { fillHub, type LoadFact } from './fill-hub.ts';
import type { HubLinks, PartitionLink } from './partition-link.ts';
import type { LastRows, Stamp } from './stamp.ts';

/** A hub in memory whose links fail as the service fails: before the effect, after it, or for good. */
class FakeHub implements HubLinks {
  readonly log: StampedEvent[][];
  scans = 0;
  readonly #random: () => number;
  readonly #failEvery: number;
  constructor(partitions: number, seed = 1, failEvery = 0) {
    this.log = Array.from({ length: partitions }, () => []);
    this.#failEvery = failEvery;
    let state = seed;
    this.#random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
  }

  async partitions(): Promise<number> {
    return this.log.length;
  }

  async close(): Promise<void> {}

  open(partition: number): PartitionLink {
    const log = this.log[partition] ?? [];
    const fails = (share: number) => this.#failEvery > 0 && this.#random() * this.#failEvery < share;
    let closed = false;
    const alive = () => {
      if (closed) throw new Error('used after close');
      if (fails(0.3)) throw new TransientError('unavailable', 'link lost');
    };
    return {
      send: async (events) => {
        alive();
        if (events[0]?.body.equals(TOO_LARGE)) return 0;
        const batch = events.slice(0, 1 + Math.floor(this.#random() * 200));
        const tooLarge = batch.findIndex((event) => event.body.equals(TOO_LARGE));
        const sent = tooLarge === -1 ? batch : batch.slice(0, tooLarge);
        if (fails(0.5)) throw new TransientError('unavailable', 'lost before the effect');
        log.push(...sent);
        if (fails(0.5)) throw new TransientError('timeout', 'lost after the effect');
        return sent.length;
      },
      newestStamp: async () => {
        alive();
        return stampOf(log.at(-1));
      },
      scan: async (): Promise<LastRows> => {
        alive();
        this.scans += 1;
        const last = new Map<string, number>();
        for (const event of log) if (event.row > 0) last.set(event.source, event.row);
        return last;
      },
      close: async () => {
        closed = true;
      },
    };
  }
}

const TOO_LARGE = Buffer.from('too large');

function stampOf(event: StampedEvent | undefined): Stamp | 'none' | 'foreign' {
  if (event === undefined) return 'none';
  if (event.row === 0) return 'foreign';
  const { source, row, after } = event;
  return after === undefined ? { source, row } : { source, row, after };
}

function source(
  name: string,
  rows: number,
  body = (row: number) => Buffer.from(`${name}:${row}`),
): EventSource {
  return {
    name,
    count: async () => rows,
    async *blocks() {
      for (let firstRow = 1; firstRow <= rows; firstRow += 333) {
        yield {
          firstRow,
          count: Math.min(333, rows - firstRow + 1),
          body: (index: number) => body(firstRow + index),
        };
      }
    },
  };
}

function fill(
  hub: HubLinks,
  sources: EventSource[],
  options: { rowsMax?: number; onFact?: (f: LoadFact) => void } = {},
) {
  const { rowsMax = Number.POSITIVE_INFINITY, onFact = () => {} } = options;
  return fillHub(
    { links: hub, sources, rowsMax, onFact, sleep: async () => {} },
    new AbortController().signal,
  );
}

const bodies = (hub: FakeHub) => hub.log.map((log) => log.map((event) => event.body.toString()));
const expected = (partitions: number, sources: readonly (readonly [string, number])[]) =>
  Array.from({ length: partitions }, (_, at) =>
    sources.flatMap(([name, rows]) =>
      Array.from({ length: rows }, (_, index) => index + 1)
        .filter((row) => (row - 1) % partitions === at)
        .map((row) => `${name}:${row}`),
    ),
  );

describe('fillHub', () => {
  test('sends every row of every source once, in order, to the partition of its row number', async () => {
    const hub = new FakeHub(4);
    const result = await fill(hub, [source('a', 5_001), source('b', 2)]);
    expect(result).toEqual({ rows: 5_003, sent: 5_003, already: 0, complete: true });
    expect(bodies(hub)).toEqual(
      expected(4, [
        ['a', 5_001],
        ['b', 2],
      ]),
    );
  });

  test('sends nothing the second time', async () => {
    const hub = new FakeHub(3);
    await fill(hub, [source('a', 100), source('b', 1_000)]);
    const again = await fill(hub, [source('a', 100), source('b', 1_000)]);
    expect(again).toMatchObject({ sent: 0, already: 1_100 });
    expect(hub.scans).toBe(0);
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
    'sends each row exactly once when links fail before and after the effect (seed %i)',
    async (seed) => {
      const hub = new FakeHub(4, seed, 4);
      const facts: LoadFact[] = [];
      await fill(hub, [source('a', 3_000), source('b', 500)], { onFact: (fact) => facts.push(fact) });
      expect(bodies(hub)).toEqual(
        expected(4, [
          ['a', 3_000],
          ['b', 500],
        ]),
      );
      expect(facts.some((fact) => fact.type === 'doubt')).toBe(true);
      expect(facts.findLast((fact) => fact.type === 'rows-loaded')).toMatchObject({
        done: 3_500,
        total: 3_500,
      });
    },
  );

  test('goes on where a killed loader stopped, and after a limit of rows', async () => {
    const hub = new FakeHub(4, 7);
    await fill(hub, [source('a', 3_000), source('b', 500)], { rowsMax: 1_234 });
    expect(hub.log.flat().length).toBe(1_234);
    hub.log[2]?.splice(100);
    hub.log[0]?.splice(0);
    await fill(hub, [source('a', 3_000), source('b', 500)], { rowsMax: 3_100 });
    expect(hub.log.flat().length).toBe(3_100);
    await fill(hub, [source('a', 3_000), source('b', 500)]);
    expect(bodies(hub)).toEqual(
      expected(4, [
        ['a', 3_000],
        ['b', 500],
      ]),
    );
  });

  test('finds rows of a file that was added before others, grew, or came back after another name', async () => {
    const hub = new FakeHub(2);
    await fill(hub, [source('b', 10), source('d', 10)]);
    await fill(hub, [source('a', 5), source('b', 12), source('d', 10)]);
    await fill(hub, [source('a', 5), source('b', 12), source('d', 10)]);
    expect(hub.scans).toBeGreaterThan(0);
    const seen = hub.log.flat().map((event) => event.body.toString());
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.toSorted()).toEqual(
      expected(1, [
        ['a', 5],
        ['b', 12],
        ['d', 10],
      ])
        .flat()
        .toSorted(),
    );
  });

  test('reads the partition when its newest event is of another sender', async () => {
    const hub = new FakeHub(1);
    await fill(hub, [source('a', 10)]);
    hub.log[0]?.push({ source: '', row: 0, after: undefined, body: Buffer.from('live') });
    await fill(hub, [source('a', 12)]);
    expect(hub.scans).toBe(1);
    expect(hub.log[0]?.map((event) => event.body.toString()).slice(9)).toEqual([
      'a:10',
      'live',
      'a:11',
      'a:12',
    ]);
  });

  test('says which row is too large for any batch, and sends the others', async () => {
    const hub = new FakeHub(2);
    const facts: LoadFact[] = [];
    const rows = source('a', 20, (row) => (row === 7 ? TOO_LARGE : Buffer.from(`${row}`)));
    await fill(hub, [rows], { onFact: (fact) => facts.push(fact) });
    expect(hub.log.flat().length).toBe(19);
    expect(facts).toContainEqual({ type: 'row-too-large', source: 'a', row: 7, bytes: TOO_LARGE.length });
  });

  test('stops all lanes when one fails for good, and gives up on doubts that never end', async () => {
    const hub = new FakeHub(3);
    const refusing = (error: Error): HubLinks => ({
      partitions: () => hub.partitions(),
      close: () => hub.close(),
      open: (at) => ({
        ...hub.open(at),
        send: async (events) => {
          if (at === 1) throw error;
          return hub.open(at).send(events);
        },
      }),
    });
    const gone = new TerminalError('not-found', 'no such hub');
    await expect(fill(refusing(gone), [source('a', 50_000)])).rejects.toBe(gone);
    const down = new TransientError('unavailable', 'down');
    await expect(fill(refusing(down), [source('a', 50_000)])).rejects.toBe(down);
  });

  test('stops between two batches when told to, and the next call ends the work', async () => {
    const hub = new FakeHub(4);
    const stop = new AbortController();
    const onFact = (fact: LoadFact) => {
      if (fact.type === 'rows-loaded' && fact.done > 3_000) stop.abort();
    };
    const options = {
      links: hub,
      sources: [source('a', 20_000)],
      rowsMax: 20_000,
      onFact,
      sleep: async () => {},
    };
    const stopped = await fillHub(options, stop.signal);
    expect(stopped.complete).toBe(false);
    expect(stopped.sent).toBeLessThan(20_000);
    await fill(hub, [source('a', 20_000)]);
    expect(bodies(hub)).toEqual(expected(4, [['a', 20_000]]));
  });
});
