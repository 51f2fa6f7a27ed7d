import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layOut } from './layout.ts';
import { type Layout, type LayoutInput, SIZES } from './layout-types.ts';
import { randomLineage } from './random-lineage.ts';

const SEED = Number(process.env.SEED ?? 20_261_122);

const graph = (kinds: readonly number[], edges: readonly (readonly [number, number])[]): LayoutInput => ({
  kinds: Uint8Array.from(kinds),
  from: Int32Array.from(edges, ([from]) => from),
  to: Int32Array.from(edges, ([, to]) => to),
});

/** Any graph: wild kinds, self-edges, cycles, edges to nowhere, the same edge twice. */
const anyGraph = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }).chain((kinds) =>
  fc
    .array(fc.tuple(fc.integer({ min: -1, max: kinds.length }), fc.integer({ min: -1, max: kinds.length })), {
      maxLength: 90,
    })
    .map((edges) => graph(kinds, edges)),
);

const columnOf = ({ order, starts }: Layout, layer: number) => [
  ...order.subarray(starts[layer], starts[layer + 1]),
];
const pointsOf = ({ points, pointStarts }: Layout, edge: number) => {
  const numbers = [
    ...points.subarray(2 * (pointStarts[edge] as number), 2 * (pointStarts[edge + 1] as number)),
  ];
  return Array.from({ length: numbers.length / 2 }, (_, at) => ({
    x: numbers[2 * at] as number,
    y: numbers[2 * at + 1] as number,
  }));
};

describe('the layout of any graph', () => {
  const holds = (property: (input: LayoutInput, layout: Layout) => void) =>
    fc.assert(
      fc.property(anyGraph, (input) => property(input, layOut(input))),
      { seed: SEED, numRuns: 300 },
    );

  it('places every node once', () => {
    holds((input, layout) => {
      expect([...layout.order].sort((a, b) => a - b)).toEqual([...input.kinds.keys()]);
      for (const value of [...layout.x, ...layout.y, ...layout.points])
        expect(Number.isFinite(value)).toBe(true);
    });
  });

  it('lets no node touch another', () => {
    holds((_, layout) => {
      for (let layer = 0; layer < layout.layerX.length; layer++) {
        const column = columnOf(layout, layer);
        for (let at = 1; at < column.length; at++) {
          const gap =
            (layout.y[column[at] as number] as number) - (layout.y[column[at - 1] as number] as number);
          expect(gap).toBeGreaterThanOrEqual(SIZES.nodeHeight + 1);
        }
      }
    });
  });

  it('puts kinds from left to right and readers right of what they read', () => {
    holds((input, layout) => {
      expect([...layout.layerKind]).toEqual([...layout.layerKind].sort((a, b) => a - b));
      input.kinds.forEach((kind, node) => {
        expect(layout.layerKind[layout.layer[node] as number]).toBe(kind);
        expect(layout.x[node]).toBe(layout.layerX[layout.layer[node] as number]);
      });
      for (let edge = 0; edge < input.from.length; edge++) {
        const points = pointsOf(layout, edge);
        if (points.length === 0) continue;
        const [from, to] = [input.from[edge] as number, input.to[edge] as number];
        const step = (layout.layer[to] as number) - (layout.layer[from] as number);
        expect(Math.sign(step)).toBe(layout.backward[edge] === 1 ? -1 : 1);
        expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).sort((a, b) => a - b));
      }
    });
  });

  it('leads no edge through a node', () => {
    holds((input, layout) => {
      for (let edge = 0; edge < input.from.length; edge++) {
        const points = pointsOf(layout, edge);
        for (let at = 1; at + 2 < points.length; at += 2) {
          const { x, y } = points[at] as { x: number; y: number };
          const layer = layout.layerX.indexOf(x);
          for (const node of columnOf(layout, layer)) {
            expect(Math.abs((layout.y[node] as number) - y)).toBeGreaterThan(SIZES.nodeHeight / 2);
          }
        }
      }
    });
  });

  it('is the same for the same graph', () => {
    holds((input, layout) => {
      expect(layOut(input)).toEqual(layout);
    });
  });
});

describe('layOut', () => {
  it('takes nothing, and one node', () => {
    expect(layOut(graph([], []))).toMatchObject({ width: 0, height: 0, crossings: 0 });
    const one = layOut(graph([2], []));
    expect([...one.x, ...one.y]).toEqual([0, SIZES.nodeHeight / 2]);
    expect(one).toMatchObject({ width: SIZES.nodeWidth, height: SIZES.nodeHeight });
  });

  it('keeps a chain straight', () => {
    const layout = layOut(
      graph(
        [0, 1, 2, 3, 4],
        [
          [0, 1],
          [1, 2],
          [2, 3],
          [3, 4],
        ],
      ),
    );
    expect(new Set(layout.y).size).toBe(1);
    expect(new Set(pointsOf(layout, 2).map(({ y }) => y)).size).toBe(1);
  });

  it('gives gold that reads gold columns of its own', () => {
    const layout = layOut(
      graph(
        [2, 3, 3, 3],
        [
          [0, 1],
          [1, 2],
          [2, 3],
          [1, 3],
        ],
      ),
    );
    expect([...layout.layer]).toEqual([0, 1, 2, 3]);
    expect([...layout.layerKind]).toEqual([2, 3, 3, 3]);
    // The long edge passes the third column on a level line.
    expect(pointsOf(layout, 3)).toHaveLength(4);
  });

  it('draws a cycle, and runs the edge that closes it backward', () => {
    const layout = layOut(
      graph(
        [3, 3, 3],
        [
          [0, 1],
          [1, 2],
          [2, 0],
        ],
      ),
    );
    expect([...layout.backward]).toEqual([0, 0, 1]);
    expect([...layout.layer]).toEqual([0, 1, 2]);
  });

  it('draws neither an edge of a node to itself nor one to nowhere, and an edge said twice once', () => {
    const layout = layOut(
      graph(
        [1, 2],
        [
          [0, 0],
          [0, 7],
          [-3, 1],
          [0, 1],
          [0, 1],
        ],
      ),
    );
    expect([0, 1, 2, 3, 4].map((edge) => pointsOf(layout, edge).length)).toEqual([0, 0, 0, 2, 0]);
  });

  it('untangles a tree completely', () => {
    const kinds: number[] = [];
    const edges: [number, number][] = [];
    // Every node has three readers, numbered so that the order as given crosses everywhere.
    const sizes = [1, 3, 9, 27, 81];
    const firsts = sizes.map((_, kind) => sizes.slice(0, kind).reduce((sum, size) => sum + size, 0));
    sizes.forEach((size, kind) => {
      for (let at = 0; at < size; at++) {
        kinds.push(kind);
        if (kind > 0) {
          edges.push([
            (firsts[kind - 1] as number) + (at % (sizes[kind - 1] as number)),
            (firsts[kind] as number) + at,
          ]);
        }
      }
    });
    expect(layOut(graph(kinds, edges)).crossings).toBe(0);
  });

  it('keeps parts that nothing joins apart', () => {
    const layout = layOut(
      graph(
        [1, 2, 1, 2],
        [
          [0, 3],
          [2, 1],
        ],
      ),
    );
    expect(layout.crossings).toBe(0);
    expect(layout.y[0]).toBe(layout.y[3]);
    expect(Math.abs((layout.y[0] as number) - (layout.y[2] as number))).toBe(
      SIZES.nodeHeight + SIZES.partGap,
    );
  });

  it('survives a chain of thousands, with edges that jump it', () => {
    const count = 3_000;
    const edges = Array.from({ length: count - 1 }, (_, at): [number, number] => [at, at + 1]);
    for (let at = 0; at < count - 1; at += 10) edges.push([at, count - 1]);
    const layout = layOut(graph(new Array(count).fill(3), edges));
    expect(layout.layerX).toHaveLength(count);
    expect(pointsOf(layout, edges.length - 1)).toHaveLength(
      2 * (count - 1 - (edges.at(-1)?.[0] ?? 0) - 1) + 2,
    );
    expect(pointsOf(layout, count)).toHaveLength(2);
  });

  it('finds few crossings where there is an order with few', () => {
    const input = randomLineage({ nodes: 1_000, seed: 7, reach: 0.005 });
    // The order in which the graph was made has 1,107.
    expect(layOut(input).crossings).toBeLessThan(1_700);
  });
});
