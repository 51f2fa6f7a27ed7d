import { addDigests, EMPTY_DIGEST, formatDigest } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import {
  bronzeOf,
  chunksOf,
  compile,
  engineWorld,
  land,
  NEVER,
  readParquet,
  type TestEvent,
} from './testing/engine-world.ts';

const world = engineWorld();
const pipeline = compile({
  'pipeline.yaml': `
pipeline: test
sources:
  orders: { kind: event-hub, namespace: n, hub: orders, eventTime: At }
  plain: { kind: event-hub, namespace: n, hub: plain }
bronze:
  orders: { source: orders }
  plain: { source: plain }
silver:
  orders: { from: bronze.orders, slice: hour, columns: { a: { field: A, type: string } } }
  plain: { from: bronze.plain, slice: day, columns: { a: { field: A, type: string } } }
`,
});
const orders = bronzeOf(pipeline, 'orders');

const at = (time: string) => `{"At":"${time}","A":"x"}`;
const totalDigest = (files: readonly { digest: { rows: number; sum: bigint } }[]) =>
  formatDigest(files.reduce((sum, file) => addDigests(sum, file.digest), EMPTY_DIGEST));

/** Bodies that break naive readers: each must land, with its enqueued time. */
const HOSTILE: readonly (string | Uint8Array)[] = [
  '',
  'not json',
  '{"At":',
  '[]',
  '"text"',
  '5',
  'null',
  '{}',
  '{"At":null}',
  '{"At":5}',
  '{"At":{"x":1}}',
  '{"At":"yesterday"}',
  '{"At":"2011-02-30"}',
  '{"At":"0000-01-01"}',
  '{"At":"10000-01-01T00:00:00Z"}',
  '{"At":"0001-01-01T00:00:00+01:00"}',
  '{"At":"9999-12-31T23:59:59-01:00"}',
  '{"At":"infinity"}',
  '{"At":"\\ud800"}',
  '\uFEFF{"At":"2011-12-09"}',
  Uint8Array.of(0xff, 0xfe, 0x00),
  Uint8Array.of(0x7b, 0x22, 0x41, 0x74, 0xc3, 0x28, 0x7d),
  '['.repeat(200_000),
  `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
];

describe('landing events', () => {
  it('writes one file a partition and enqueued day, in sequence order', async () => {
    const events: TestEvent[] = [
      { partition: 1, sequence: 7n, body: at('2011-12-09'), enqueuedAt: '2026-11-22T23:59:59.999Z' },
      { partition: 1, sequence: 8n, body: at('2011-12-09'), enqueuedAt: '2026-11-23T00:00:00Z' },
      { partition: 0, sequence: 9_007_199_254_740_993n, body: at('2011-12-09') },
      { partition: 0, sequence: 9_007_199_254_740_992n, body: at('2011-12-09') },
    ];
    const files = await land(world, orders, events);
    expect(
      files.map(({ partition, slice, first, last, rows }) => ({ partition, slice, first, last, rows })),
    ).toEqual([
      { partition: 1, slice: '2026-11-22', first: 7n, last: 7n, rows: 1 },
      { partition: 1, slice: '2026-11-23', first: 8n, last: 8n, rows: 1 },
      {
        partition: 0,
        slice: '2026-11-22',
        first: 9_007_199_254_740_992n,
        last: 9_007_199_254_740_993n,
        rows: 2,
      },
    ]);
    const [, , unsorted] = files;
    const sequences = await readParquet([unsorted?.localPath ?? ''], '"sequence"');
    expect(sequences.map((row) => row.sequence)).toEqual(['9007199254740992', '9007199254740993']);
    expect(unsorted?.name).toMatch(/^2026-11-22\.[0-9a-f-]{36}\.parquet$/);
  });

  it('keeps rows in order over many vectors without sorting', async () => {
    const events = Array.from({ length: 10_000 }, (_, index) => ({
      body: at('2011-12-09'),
      sequence: BigInt(index),
    }));
    const [file] = await land(world, orders, events);
    const rows = await readParquet([file?.localPath ?? ''], '"sequence"');
    expect(rows.map((row) => Number(row.sequence))).toEqual(events.map((_, index) => index));
  });

  it('has the columns of bronze, instants in UTC and bodies as their bytes', async () => {
    const [file] = await land(world, orders, [{ body: at('2011-12-09 12:50:00') }]);
    const [row] = await readParquet([file?.localPath ?? '']);
    expect(row).toEqual({
      generation: 'g1',
      partition: 0,
      sequence: '0',
      offset: '0',
      enqueued_at: '2026-11-22 10:00:00+00',
      event_time: '2011-12-09 12:50:00+00',
      event_time_fallback: false,
      body: expect.any(String),
    });
    const types = await readParquet([file?.localPath ?? ''], 'typeof(event_time) AS t, typeof(body) AS b');
    expect(types).toEqual([{ t: 'TIMESTAMP WITH TIME ZONE', b: 'BLOB' }]);
    expect(JSON.parse(file?.stats ?? '')).toMatchObject({
      numRecords: 1,
      minValues: { event_time: '2011-12-09T12:50:00.000Z', sequence: 0 },
    });
    expect(file?.stats).not.toContain('"body":"');
  });

  it('reads instants with Z, an offset, without zone, without seconds and as a day', async () => {
    const spelled = {
      '2011-12-09T12:50:00Z': '2011-12-09T12',
      '2011-12-09T12:50:00.123456789+05:30': '2011-12-09T07',
      '2011-12-09 12:50': '2011-12-09T12',
      '2011-12-09': '2011-12-09T00',
      '0001-01-01': '0001-01-01T00',
    };
    for (const [text, slice] of Object.entries(spelled)) {
      const [file] = await land(world, orders, [{ body: at(text) }]);
      expect(Object.keys(file?.touches ?? {}), text).toEqual([slice]);
    }
  });

  it('lands every hostile body with its enqueued time, flagged, byte for byte', async () => {
    const files = await land(
      world,
      orders,
      HOSTILE.map((body) => ({ body })),
    );
    expect(files).toHaveLength(1);
    const rows = await readParquet(
      [files[0]?.localPath ?? ''],
      'event_time_fallback AS fallback, event_time = enqueued_at AS enqueued, octet_length(body) AS bytes',
    );
    const bytes = HOSTILE.map((body) => String(Buffer.from(body as string).length));
    expect(rows).toEqual(bytes.map((length) => ({ fallback: true, enqueued: true, bytes: length })));
  });

  it('touches the slice of the enqueued time for a future-stamped row, of the event time otherwise', async () => {
    const [file] = await land(world, orders, [
      { body: at('2026-11-22T10:10:00.000Z') },
      { body: at('2026-11-22T11:00:00Z') },
      { body: at('2026-11-22T09:59:59.999Z') },
    ]);
    const counts = Object.entries(file?.touches ?? {}).map(([slice, digest]) => [slice, digest.rows]);
    expect(Object.fromEntries(counts)).toEqual({ '2026-11-22T10': 2, '2026-11-22T09': 1 });
    const sum = Object.values(file?.touches ?? {}).reduce(addDigests, EMPTY_DIGEST);
    expect(formatDigest(sum)).toBe(formatDigest(file?.digest ?? EMPTY_DIGEST));
  });

  it('has no event time where the source names none', async () => {
    const [file] = await land(world, bronzeOf(pipeline, 'plain'), [{ body: at('2011-12-09') }]);
    expect(Object.keys(file?.touches ?? {})).toEqual(['2026-11-22']);
  });

  it('gives the same digest however the events are cut into chunks and calls', async () => {
    const events = Array.from({ length: 30 }, (_, index) => ({
      body: at(`2011-12-09 ${String(index % 24).padStart(2, '0')}:00`),
      partition: index % 3,
      sequence: BigInt(index),
    }));
    const whole = await land(world, orders, events);
    const parts = [
      await land(world, orders, events.slice(0, 11)),
      await land(world, orders, events.slice(11)),
    ];
    expect(totalDigest(parts.flat())).toBe(totalDigest(whole));
  });

  it('gives the digest that was recorded when this was written', async () => {
    const files = await land(world, orders, [{ body: at('2011-12-09') }, { body: Uint8Array.of(0xff) }]);
    expect(totalDigest(files)).toBe('2:b7f72894cc5ec6e5');
  });

  it('writes nothing for no events', async () => {
    expect(await land(world, orders, [])).toEqual([]);
    const chunks = chunksOf([{ body: 'x' }]).map((chunk) => ({ ...chunk, count: 0 }));
    const job = { dataset: orders, generation: 'g1', chunks, outDir: world.scratch() };
    expect(await world.engine.writeStream(job, NEVER)).toEqual([]);
  });
});
