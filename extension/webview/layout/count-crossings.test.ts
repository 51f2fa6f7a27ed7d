import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignLayers } from './assign-layers.ts';
import { CrossingCounter, type Rows } from './count-crossings.ts';
import { orderRows } from './order-rows.ts';
import { randomLineage } from './random-lineage.ts';
import { type Part, splitParts } from './split-parts.ts';

const SEED = Number(process.env.SEED ?? 20_261_122);

/** Every pair of segments between two layers, looked at. */
function byHand(part: Part, { layers, row }: Rows): number {
  let crossings = 0;
  for (const layer of layers) {
    const segments = [...layer].flatMap((vertex) =>
      [...part.right.ends.subarray(part.right.starts[vertex], part.right.starts[vertex + 1])].map(
        (end) => [row[vertex] as number, row[end] as number] as const,
      ),
    );
    segments.forEach(([a, b], at) => {
      for (const [c, d] of segments.slice(at + 1)) if ((a - c) * (b - d) < 0) crossings++;
    });
  }
  return crossings;
}

it('counts what looking at every pair of segments counts', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 60 }), (seed, nodes) => {
      const input = randomLineage({ nodes, seed, reach: 1 });
      for (const part of splitParts(input, assignLayers(input))) {
        const rows = orderRows(part);
        expect(rows.crossings).toBe(byHand(part, rows));
        for (const layer of rows.layers)
          layer.reverse().forEach((vertex, at) => {
            rows.row[vertex] = (at * 7) % 11;
          });
        for (const layer of rows.layers) {
          layer.sort((a, b) => (rows.row[a] as number) - (rows.row[b] as number) || a - b);
          layer.forEach((vertex, at) => {
            rows.row[vertex] = at;
          });
        }
        expect(new CrossingCounter(part).count(part, rows)).toBe(byHand(part, rows));
      }
    }),
    { seed: SEED, numRuns: 150 },
  );
});
