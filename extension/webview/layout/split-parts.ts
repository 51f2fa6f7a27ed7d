import type { Layers } from './assign-layers.ts';
import type { LayoutInput } from './layout-types.ts';

/**
 * Nodes that edges join, however far, with bends where an edge passes through a layer: every segment joins neighbouring
 * layers. Vertices are numbered by themselves: first the nodes, then the bends.
 */
export interface Part {
  /** By vertex below `nodes.length`: the node that it is. */
  readonly nodes: Int32Array;
  /** By vertex. */
  readonly layer: Int32Array;
  readonly layersUsed: { readonly first: number; readonly last: number };
  /** By vertex, its neighbours in the layer to the left and to the right. */
  readonly left: Neighbours;
  readonly right: Neighbours;
  readonly edges: readonly PartEdge[];
}

export interface Neighbours {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export interface PartEdge {
  readonly edge: number;
  /** Vertices, the one further left first. */
  readonly tail: number;
  readonly head: number;
  /** Vertices `firstBend` to `firstBend + bends - 1`, from left to right. */
  readonly firstBend: number;
  readonly bends: number;
}

/** Beyond, the longest edges are drawn straight through: a chain of a thousand layers would else cost millions. */
const BENDS_MAX = 20_000;

/** Largest part first; of equal ones the one with the first node. */
export function splitParts(input: LayoutInput, layers: Layers): readonly Part[] {
  const groups = joined(input, layers);
  const spanMax = longestSpanWithBends(input, layers);
  const places = new Int32Array(input.kinds.length);
  const edgesByGroup = new Map<number, number[]>();
  for (let edge = 0; edge < input.from.length; edge++) {
    if (layers.way[edge] === -1) continue;
    const group = groups.of[input.from[edge] as number] as number;
    const own = edgesByGroup.get(group);
    if (own === undefined) edgesByGroup.set(group, [edge]);
    else own.push(edge);
  }
  return [...groups.members.entries()]
    .sort(([rootA, a], [rootB, b]) => b.length - a.length || rootA - rootB)
    .map(([root, nodes]) => {
      for (let vertex = 0; vertex < nodes.length; vertex++) places[nodes[vertex] as number] = vertex;
      return partOf(input, layers, nodes, edgesByGroup.get(root) ?? [], places, spanMax);
    });
}

/** By node the first node of its group, and the members of each group. */
function joined({ kinds, from, to }: LayoutInput, { way }: Layers) {
  const of = Int32Array.from(kinds, (_, node) => node);
  const root = (node: number): number => {
    let at = node;
    while (of[at] !== at) {
      of[at] = of[of[at] as number] as number;
      at = of[at] as number;
    }
    return at;
  };
  for (let edge = 0; edge < from.length; edge++) {
    if (way[edge] === -1) continue;
    const [a, b] = [root(from[edge] as number), root(to[edge] as number)];
    // The smaller number wins, so that names of groups do not depend on the order of edges.
    if (a < b) of[b] = a;
    else of[a] = b;
  }
  const members = new Map<number, number[]>();
  for (let node = 0; node < kinds.length; node++) {
    const group = root(node);
    of[node] = group;
    const own = members.get(group);
    if (own === undefined) members.set(group, [node]);
    else own.push(node);
  }
  return { of, members };
}

function spanOf({ from, to }: LayoutInput, { layer }: Layers, edge: number): number {
  return Math.abs((layer[to[edge] as number] as number) - (layer[from[edge] as number] as number));
}

function longestSpanWithBends(input: LayoutInput, layers: Layers): number {
  const bySpan = new Map<number, number>();
  for (let edge = 0; edge < input.from.length; edge++) {
    if (layers.way[edge] === -1) continue;
    const span = spanOf(input, layers, edge);
    bySpan.set(span, (bySpan.get(span) ?? 0) + span - 1);
  }
  let bends = 0;
  let longest = 1;
  for (const [span, count] of [...bySpan].sort(([a], [b]) => a - b)) {
    bends += count;
    if (bends > BENDS_MAX) break;
    longest = span;
  }
  return longest;
}

function partOf(
  input: LayoutInput,
  layers: Layers,
  nodes: readonly number[],
  edges: readonly number[],
  places: Int32Array,
  spanMax: number,
): Part {
  const layer = nodes.map((node) => layers.layer[node] as number);
  const segments: number[] = [];
  const own = edges.map((edge): PartEdge => {
    const [a, b] = [places[input.from[edge] as number], places[input.to[edge] as number]] as [number, number];
    const [tail, head] = (layer[a] as number) < (layer[b] as number) ? [a, b] : [b, a];
    const span = (layer[head] as number) - (layer[tail] as number);
    const firstBend = layer.length;
    if (span > spanMax) return { edge, tail, head, firstBend, bends: 0 };
    let last = tail;
    for (let step = 1; step < span; step++) {
      const bend = layer.length;
      layer.push((layer[tail] as number) + step);
      segments.push(last, bend);
      last = bend;
    }
    segments.push(last, head);
    return { edge, tail, head, firstBend, bends: span - 1 };
  });
  return {
    nodes: Int32Array.from(nodes),
    layer: Int32Array.from(layer),
    layersUsed: extent(layer),
    right: neighbours(segments, layer.length, 0),
    left: neighbours(segments, layer.length, 1),
    edges: own,
  };
}

/** A loop: `Math.min(...layer)` of tens of thousands would end the stack. */
function extent(layer: readonly number[]): { first: number; last: number } {
  let [first, last] = [Infinity, 0];
  for (const one of layer) {
    if (one < first) first = one;
    if (one > last) last = one;
  }
  return { first, last };
}

/** By the vertex at `side` of each pair, the vertices at the other side. */
function neighbours(segments: readonly number[], vertices: number, side: 0 | 1): Neighbours {
  const starts = new Int32Array(vertices + 1);
  for (let at = side; at < segments.length; at += 2) (starts[(segments[at] as number) + 1] as number)++;
  for (let vertex = 0; vertex < vertices; vertex++) {
    starts[vertex + 1] = (starts[vertex + 1] as number) + (starts[vertex] as number);
  }
  const next = starts.slice();
  const ends = new Int32Array(segments.length / 2);
  for (let at = 0; at < segments.length; at += 2) {
    const vertex = segments[at + side] as number;
    ends[next[vertex] as number] = segments[at + 1 - side] as number;
    (next[vertex] as number)++;
  }
  return { starts, ends };
}
