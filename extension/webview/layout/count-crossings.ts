import type { Neighbours, Part } from './split-parts.ts';

/** Vertices by layer, from the top, and by vertex its row. */
export interface Rows {
  /** By layer, counted from the part's first. */
  readonly layers: readonly Int32Array[];
  readonly row: Int32Array;
}

/**
 * Crossings between two layers are the inversions among the ends of the segments, taken in the order of their starts
 * (Barth, Jünger, Mutzel: Simple and efficient bilayer cross counting). A Fenwick tree counts them in O(s log v).
 */
export class CrossingCounter {
  readonly #tree: Int32Array;
  #ends: Int32Array;

  constructor(part: Part) {
    this.#tree = new Int32Array(part.layer.length + 2);
    this.#ends = new Int32Array(16);
  }

  count(part: Part, rows: Rows): number {
    let total = 0;
    for (let at = 0; at + 1 < rows.layers.length; at++) total += this.between(part, rows, at);
    return total;
  }

  /** Between the layer at `at` and the one to its right. */
  between(part: Part, rows: Rows, at: number): number {
    const here = rows.layers[at] as Int32Array;
    const size = (rows.layers[at + 1] as Int32Array).length;
    const tree = this.#tree;
    tree.fill(0, 0, size + 1);
    let counted = 0;
    let crossings = 0;
    for (let place = 0; place < here.length; place++) {
      const degree = this.#rowsOf(part.right, here[place] as number, rows.row);
      const ends = this.#ends;
      for (let end = 0; end < degree; end++) {
        // Segments so far that end further down than this one.
        crossings += counted;
        for (let node = (ends[end] as number) + 1; node > 0; node -= node & -node) {
          crossings -= tree[node] as number;
        }
      }
      for (let end = 0; end < degree; end++) {
        for (let node = (ends[end] as number) + 1; node <= size; node += node & -node)
          (tree[node] as number)++;
      }
      counted += degree;
    }
    return crossings;
  }

  /** Into `#ends`; segments from one vertex never cross each other, so their order does not matter. */
  #rowsOf({ starts, ends }: Neighbours, vertex: number, row: Int32Array): number {
    const [start, stop] = [starts[vertex] as number, starts[vertex + 1] as number];
    if (stop - start > this.#ends.length) this.#ends = new Int32Array(2 * (stop - start));
    for (let at = start; at < stop; at++) this.#ends[at - start] = row[ends[at] as number] as number;
    return stop - start;
  }
}
