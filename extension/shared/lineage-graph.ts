import type { HealthState } from '@lakewarden/contracts';
import type { LineageAnswer, NodeChange } from './messages.ts';
import { LABEL_CHARS_MAX, plainText } from './plain-text.ts';
import { NODE_KINDS, type NodeKind } from './states.ts';
import type { Rows } from './words.ts';

/** A node as it is shown: its texts are plain and cut. */
export interface GraphNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly label: string;
  readonly state: HealthState;
  readonly why: string;
  readonly rows?: number | undefined;
  readonly behindMs?: number | undefined;
}

/** By node, the edges at one side of it. */
export interface Incidence {
  readonly starts: Int32Array;
  readonly edges: Int32Array;
}

/** A lineage with indexes. Nodes are in the order of kind and id, so that the same lineage looks the same every time. */
export interface LineageGraph {
  readonly level: 'table' | 'slice';
  readonly nodes: readonly GraphNode[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** By edge. */
  readonly accounting: readonly (Rows | undefined)[];
  readonly incoming: Incidence;
  readonly outgoing: Incidence;
  readonly truncated: boolean;
}

/** Edges that join nothing, a node with itself, or what is joined already are left out. */
export function lineageGraph(answer: Omit<LineageAnswer, 'focus'>): LineageGraph {
  const unique = new Map(answer.nodes.map((node) => [node.id, node]));
  const nodes = [...unique.values()].map(shown).sort(byKindAndId);
  return indexed(answer.level, nodes, answer.edges, answer.truncated);
}

function indexed(
  level: LineageGraph['level'],
  nodes: readonly GraphNode[],
  edges: LineageAnswer['edges'],
  truncated: boolean,
): LineageGraph {
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]));
  const from: number[] = [];
  const to: number[] = [];
  const accounting: (Rows | undefined)[] = [];
  const seen = new Set<number>();
  for (const edge of edges) {
    const [a, b] = [indexOf.get(edge.from), indexOf.get(edge.to)];
    if (a === undefined || b === undefined || a === b) continue;
    const key = a * nodes.length + b;
    if (seen.has(key)) continue;
    seen.add(key);
    from.push(a);
    to.push(b);
    accounting.push(edge.accounting);
  }
  const [tails, heads] = [Int32Array.from(from), Int32Array.from(to)];
  return {
    level,
    nodes,
    indexOf,
    from: tails,
    to: heads,
    accounting,
    incoming: incidence(heads, nodes.length),
    outgoing: incidence(tails, nodes.length),
    truncated,
  };
}

function shown(node: LineageAnswer['nodes'][number]): GraphNode {
  const { id, kind, state, rows, behindMs } = node;
  return {
    id,
    kind,
    label: plainText(node.label, LABEL_CHARS_MAX),
    state,
    why: plainText(node.why),
    rows,
    behindMs,
  };
}

const KIND_PLACE = new Map(NODE_KINDS.map((kind, place) => [kind, place]));

function byKindAndId(a: GraphNode, b: GraphNode): number {
  const kinds = (KIND_PLACE.get(a.kind) as number) - (KIND_PLACE.get(b.kind) as number);
  return kinds !== 0 ? kinds : a.id < b.id ? -1 : 1;
}

function incidence(ends: Int32Array, nodes: number): Incidence {
  const starts = new Int32Array(nodes + 1);
  for (const end of ends) (starts[end + 1] as number)++;
  for (let node = 0; node < nodes; node++)
    starts[node + 1] = (starts[node + 1] as number) + (starts[node] as number);
  const next = starts.slice();
  const edges = new Int32Array(ends.length);
  ends.forEach((end, edge) => {
    edges[next[end] as number] = edge;
    (next[end] as number)++;
  });
  return { starts, edges };
}

/** Edges that end at, or start from, a node. */
export function edgesOf({ starts, edges }: Incidence, node: number): Int32Array {
  return edges.subarray(starts[node] as number, starts[node + 1] as number);
}

/** What went into a node, where one edge says it all. */
export function rowsInto(graph: LineageGraph, node: number): Rows | undefined {
  const inputs = edgesOf(graph.incoming, node);
  return inputs.length === 1 ? graph.accounting[inputs[0] as number] : undefined;
}

/** Nodes that a node reads, and nodes that read it. */
export function inputsOf(graph: LineageGraph, node: number): number[] {
  return Array.from(edgesOf(graph.incoming, node), (edge) => graph.from[edge] as number);
}
export function readersOf(graph: LineageGraph, node: number): number[] {
  return Array.from(edgesOf(graph.outgoing, node), (edge) => graph.to[edge] as number);
}

/** Up and down from a node, each way by itself, as the agent does it: siblings of an input are nobody's neighbours. */
export function neighbourhood(graph: LineageGraph, id: string, depth: number): LineageGraph | undefined {
  const start = graph.indexOf.get(id);
  if (start === undefined) return undefined;
  const kept = new Set([start]);
  for (const next of [inputsOf, readersOf]) {
    let front = [start];
    for (let step = 0; step < depth && front.length > 0; step++) {
      front = front.flatMap((node) => next(graph, node)).filter((node) => !kept.has(node));
      for (const node of front) kept.add(node);
    }
  }
  const edges: { from: string; to: string; accounting?: Rows | undefined }[] = [];
  const idOf = (node: number) => (graph.nodes[node] as GraphNode).id;
  for (const node of kept) {
    for (const edge of edgesOf(graph.outgoing, node)) {
      const target = graph.to[edge] as number;
      if (kept.has(target))
        edges.push({ from: idOf(node), to: idOf(target), accounting: graph.accounting[edge] });
    }
  }
  const nodes = [...kept].sort((a, b) => a - b).map((node) => graph.nodes[node] as GraphNode);
  return indexed(graph.level, nodes, edges, false);
}

/** True when both have the same nodes and edges, so that one layout fits both. */
export function isSameShape(a: LineageGraph, b: LineageGraph): boolean {
  return (
    a.level === b.level &&
    a.nodes.length === b.nodes.length &&
    a.from.length === b.from.length &&
    a.nodes.every(({ id }, at) => id === b.nodes[at]?.id) &&
    sameEdges(a, b)
  );
}

function sameEdges(a: LineageGraph, b: LineageGraph): boolean {
  const key = ({ nodes, from, to }: LineageGraph, edge: number) =>
    (from[edge] as number) * nodes.length + (to[edge] as number);
  const known = new Set(Array.from(a.from, (_, edge) => key(a, edge)));
  return b.from.every((_, edge) => known.has(key(b, edge)));
}

/** The graph with some nodes as they are now, and the indexes of those that look different. */
export function withChanges(
  graph: LineageGraph,
  changes: readonly NodeChange[],
): { readonly graph: LineageGraph; readonly changed: readonly number[] } {
  const nodes = [...graph.nodes];
  const changed: number[] = [];
  for (const change of changes) {
    const index = graph.indexOf.get(change.id);
    const old = index === undefined ? undefined : nodes[index];
    if (index === undefined || old === undefined) continue;
    const { state, rows, behindMs } = change;
    const why = plainText(change.why);
    if (old.state === state && old.why === why && old.rows === rows && old.behindMs === behindMs) continue;
    nodes[index] = { ...old, state, why, rows, behindMs };
    changed.push(index);
  }
  return changed.length === 0 ? { graph, changed } : { graph: { ...graph, nodes }, changed };
}

/** What failure does to the rest: 0 quiet, 1 it failed, 2 it reads, however far, what failed. By node. */
export const QUIET = 0;
export const FAILED = 1;
export const DOWNSTREAM = 2;

export function failurePaths(graph: LineageGraph): Uint8Array {
  const paths = new Uint8Array(graph.nodes.length);
  const front: number[] = [];
  graph.nodes.forEach(({ state }, node) => {
    if (state !== 'failed') return;
    paths[node] = FAILED;
    front.push(node);
  });
  for (let node = front.pop(); node !== undefined; node = front.pop()) {
    for (const edge of edgesOf(graph.outgoing, node)) {
      const target = graph.to[edge] as number;
      if (paths[target] !== QUIET) continue;
      paths[target] = DOWNSTREAM;
      front.push(target);
    }
  }
  return paths;
}
