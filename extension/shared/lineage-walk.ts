import { inputsOf, type LineageGraph, readersOf } from './lineage-graph.ts';

/** Where nodes are, as the layout says: columns from the left, each from the top. */
export interface Arrangement {
  readonly layer: Int32Array;
  readonly y: Float32Array;
  readonly order: Int32Array;
  readonly starts: Int32Array;
}

export type Step = 'left' | 'right' | 'up' | 'down' | 'first' | 'last' | 'column-left' | 'column-right';

/**
 * Where a key leads from a node: left and right along an edge, to the nearest one; up and down within the column, first and
 * last to its ends. Where no edge leads on, and with `column-…` in any case, to the nearest node of the next column, so
 * that every node can be reached. Undefined at the border.
 */
export function walk(graph: LineageGraph, at: Arrangement, node: number, step: Step): number | undefined {
  const layer = at.layer[node] as number;
  switch (step) {
    case 'left':
      return nearest(at, inputsOf(graph, node), node) ?? inColumn(at, layer - 1, node);
    case 'right':
      return nearest(at, readersOf(graph, node), node) ?? inColumn(at, layer + 1, node);
    case 'column-left':
      return inColumn(at, layer - 1, node);
    case 'column-right':
      return inColumn(at, layer + 1, node);
    case 'up':
    case 'down': {
      const own = column(at, layer);
      return own[own.indexOf(node) + (step === 'up' ? -1 : 1)];
    }
    case 'first':
      return column(at, layer)[0];
    case 'last':
      return column(at, layer).at(-1);
  }
}

/** Where a walk begins: at the top of the first column. */
export function firstNode({ order }: Arrangement): number | undefined {
  return order[0];
}

function column({ order, starts }: Arrangement, layer: number): Int32Array {
  return layer < 0 || layer + 1 >= starts.length
    ? new Int32Array(0)
    : order.subarray(starts[layer], starts[layer + 1]);
}

function inColumn(at: Arrangement, layer: number, node: number): number | undefined {
  return nearest(at, column(at, layer), node);
}

function nearest({ y }: Arrangement, among: Iterable<number>, node: number): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  for (const other of among) {
    const distance = Math.abs((y[other] as number) - (y[node] as number));
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}
