import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bronzeOf, chunksOf, compile, NEVER, silverOf } from './engine/testing/engine-world.ts';
import { fakeEngine } from './testing.ts';

const outDir = mkdtempSync(join(tmpdir(), 'lakewarden-fake-'));
afterAll(() => rmSync(outDir, { recursive: true, force: true }));
const pipeline = compile({
  'pipeline.yaml': `
pipeline: test
sources: { a: { kind: event-hub, namespace: n, hub: a } }
bronze: { a: { source: a } }
silver: { a: { from: bronze.a, slice: day, columns: { a: { field: a, type: string } } } }
`,
});
const job = { step: silverOf(pipeline, 'a'), slices: ['2011-12-09'], files: [], outDir };

describe('the fake engine', () => {
  it('gives one file a slice and equal digests for equal inputs', async () => {
    const engine = fakeEngine({ rows: () => 3 });
    const [first, second] = [await engine.clean(job, NEVER), await engine.clean(job, NEVER)];
    expect(first.silver[0]?.digest).toEqual(second.silver[0]?.digest);
    expect(first.accounting).toEqual({ '2011-12-09': { in: 3, out: 3, quarantined: 0, duplicates: 0 } });
  });

  it('fails at the calls that it is told to, as the real one does', async () => {
    const engine = fakeEngine({
      fail: ({ count }) => (['out-of-memory', 'lost-answer', 'miscounted'] as const)[count - 1],
    });
    await expect(engine.clean(job, NEVER)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'out-of-memory',
    });
    await expect(engine.clean(job, NEVER)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'unavailable',
    });
    expect((await engine.clean(job, NEVER)).accounting['2011-12-09']?.in).toBe(2);
    await expect(engine.clean(job, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('lands a file a partition and day with its first and last sequence', async () => {
    const chunks = chunksOf([{ body: 'a' }, { body: 'b' }, { body: 'c', partition: 1 }]);
    const files = await fakeEngine().writeStream(
      { dataset: bronzeOf(pipeline, 'a'), generation: 'g', chunks, outDir },
      NEVER,
    );
    expect(files.map(({ partition, first, last, rows }) => [partition, first, last, rows])).toEqual([
      [0, 0n, 1n, 2],
      [1, 2n, 2n, 1],
    ]);
  });
});
