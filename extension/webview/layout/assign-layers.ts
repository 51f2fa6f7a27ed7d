import type { LayoutInput } from './layout-types.ts';

export interface Layers {
  /** By node. */
  readonly layer: Int32Array;
  /** By layer, its kind. */
  readonly layerKind: Uint8Array;
  /** By edge: −1 not drawn, 0 along the layers, 1 against them. */
  readonly way: Int8Array;
}

const NOT_DRAWN = -1;
const FORWARD = 0;
const BACKWARD = 1;

/**
 * Columns by kind; nodes of one kind that read each other stand in sub-layers, by the longest path. A cycle is drawn, not
 * refused: the edge that closes it runs backward.
 */
export function assignLayers(input: LayoutInput): Layers {
  const { kinds, from, to } = input;
  const way = waysByKind(input);
  const inner = edgesInside(input, way);
  turnCycles(inner, way);
  const depth = depths(inner, way, kinds.length);

  const deepest = new Int32Array(256).fill(-1);
  for (let node = 0; node < kinds.length; node++) {
    const kind = kinds[node] as number;
    deepest[kind] = Math.max(deepest[kind] as number, depth[node] as number);
  }
  const base = new Int32Array(256);
  const layerKind: number[] = [];
  for (let kind = 0; kind < 256; kind++) {
    base[kind] = layerKind.length;
    for (let sub = 0; sub <= (deepest[kind] as number); sub++) layerKind.push(kind);
  }
  const layer = depth.map((own, node) => own + (base[kinds[node] as number] as number));
  markDuplicates(from, to, way, kinds.length);
  return { layer, layerKind: Uint8Array.from(layerKind), way };
}

function waysByKind({ kinds, from, to }: LayoutInput): Int8Array {
  return Int8Array.from(from, (a, edge) => {
    const b = to[edge] as number;
    const [kindA, kindB] = [kinds[a], kinds[b]];
    if (kindA === undefined || kindB === undefined || a === b) return NOT_DRAWN;
    return kindA > kindB ? BACKWARD : FORWARD;
  });
}

/** The second of two edges between the same nodes would lie on the first. */
function markDuplicates(from: Int32Array, to: Int32Array, way: Int8Array, nodes: number): void {
  const seen = new Set<number>();
  for (let edge = 0; edge < from.length; edge++) {
    if (way[edge] === NOT_DRAWN) continue;
    const key = (from[edge] as number) * nodes + (to[edge] as number);
    if (seen.has(key)) way[edge] = NOT_DRAWN;
    seen.add(key);
  }
}

/** Edges between nodes of one kind, by their first node. */
interface Inner {
  readonly edges: Int32Array;
  readonly starts: Int32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

function edgesInside({ kinds, from, to }: LayoutInput, way: Int8Array): Inner {
  const starts = new Int32Array(kinds.length + 1);
  const isInside = (edge: number) =>
    way[edge] === FORWARD && kinds[from[edge] as number] === kinds[to[edge] as number];
  for (let edge = 0; edge < from.length; edge++) {
    if (isInside(edge)) (starts[(from[edge] as number) + 1] as number)++;
  }
  for (let node = 0; node < kinds.length; node++) {
    starts[node + 1] = (starts[node + 1] as number) + (starts[node] as number);
  }
  const next = starts.slice();
  const edges = new Int32Array(starts[kinds.length] as number);
  for (let edge = 0; edge < from.length; edge++) {
    if (!isInside(edge)) continue;
    const node = from[edge] as number;
    edges[next[node] as number] = edge;
    (next[node] as number)++;
  }
  return { edges, starts, from, to };
}

/** Depth first, without recursion: a chain of thousands must not end the stack. */
function turnCycles({ edges, starts, to }: Inner, way: Int8Array): void {
  const nodes = starts.length - 1;
  const OPEN = 1;
  const DONE = 2;
  const mark = new Uint8Array(nodes);
  const next = starts.slice(0, nodes);
  const path = new Int32Array(nodes);
  for (let root = 0; root < nodes; root++) {
    if (mark[root] !== 0 || starts[root] === starts[root + 1]) continue;
    let height = 0;
    path[height++] = root;
    mark[root] = OPEN;
    while (height > 0) {
      const node = path[height - 1] as number;
      const at = next[node] as number;
      if (at === starts[node + 1]) {
        mark[node] = DONE;
        height--;
        continue;
      }
      next[node] = at + 1;
      const edge = edges[at] as number;
      const target = to[edge] as number;
      if (mark[target] === OPEN) way[edge] = BACKWARD;
      else if (mark[target] === 0) {
        mark[target] = OPEN;
        path[height++] = target;
      }
    }
  }
}

/** Longest path from a node that reads none of its kind. */
function depths({ edges, from, to }: Inner, way: Int8Array, nodes: number): Int32Array {
  const tail = (edge: number) => (way[edge] === BACKWARD ? to[edge] : from[edge]) as number;
  const head = (edge: number) => (way[edge] === BACKWARD ? from[edge] : to[edge]) as number;
  const waits = new Int32Array(nodes);
  const byTail = new Map<number, number[]>();
  for (const edge of edges) {
    (waits[head(edge)] as number)++;
    const own = byTail.get(tail(edge));
    if (own === undefined) byTail.set(tail(edge), [edge]);
    else own.push(edge);
  }
  const depth = new Int32Array(nodes);
  const ready = [...byTail.keys()].filter((node) => waits[node] === 0);
  for (let at = 0; at < ready.length; at++) {
    const node = ready[at] as number;
    for (const edge of byTail.get(node) ?? []) {
      const target = head(edge);
      depth[target] = Math.max(depth[target] as number, (depth[node] as number) + 1);
      if (--(waits[target] as number) === 0) ready.push(target);
    }
  }
  return depth;
}
