/**
 * A lineage as the layout sees it: numbers only, so that it crosses to the worker and back without a copy.
 *
 * **node** — index into `kinds`. **layer** — a column; each kind has one, and more of them where nodes of a kind read each
 * other. **vertex** — a node, or a *bend* of an edge that passes through a layer. **segment** — an edge's piece between two
 * layers next to each other. **row** — place in a layer, from the top.
 */
export interface LayoutInput {
  /** By node: index into `NODE_KINDS`, which is the order of the columns. */
  readonly kinds: Uint8Array;
  /** By edge, the nodes that it joins. Any numbers are safe: what joins nothing or a node with itself is not drawn. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** By node, 1 where something stands on the edge that ends in it: its column keeps further off. */
  readonly labelled?: Uint8Array;
}

export interface Sizes {
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  /** Between columns, and where the accounting of an edge stands. */
  readonly columnGap: number;
  readonly labelledGap: number;
  readonly rowGap: number;
  /** Between parts that no edge joins. */
  readonly partGap: number;
}

export const SIZES: Sizes = {
  nodeWidth: 188,
  nodeHeight: 54,
  columnGap: 84,
  labelledGap: 150,
  rowGap: 22,
  partGap: 40,
};

export interface Layout {
  /** By node: left edge and middle. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly layer: Int32Array;
  /** Nodes by layer, then from the top; layer `l` has `order[starts[l]]` to `order[starts[l + 1] - 1]`. */
  readonly order: Int32Array;
  readonly starts: Int32Array;
  /** By layer: its kind and its left edge. */
  readonly layerKind: Uint8Array;
  readonly layerX: Float32Array;
  /** By edge: x, y pairs from `points[2 * pointStarts[e]]`; none for an edge that is not drawn. */
  readonly points: Float32Array;
  readonly pointStarts: Int32Array;
  /** 1 for an edge that runs against the layers: it is part of a cycle, or reads a later kind. */
  readonly backward: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly crossings: number;
}
