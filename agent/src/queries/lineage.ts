import type { SilverDataset } from '@lakewarden/compute';
import {
  coarsen,
  type DatasetName,
  type Lineage,
  type LineageEdge,
  type LineageNode,
} from '@lakewarden/contracts';
import type { LandedFileView, Observation, SilverView } from '@lakewarden/core';
import { datasetsHealth, inputsOf } from './dataset-health.ts';
import { slicesHealth } from './slice-health.ts';
import { sourcesLag } from './source-lag.ts';

/** More than a person can look at, and than a page should hold. */
const NODES_MAX = 5_000;

interface Graph {
  readonly nodes: ReadonlyMap<string, LineageNode>;
  readonly edges: readonly LineageEdge[];
}

/** Undefined: there is no such focus. */
export function lineage(
  seen: Observation,
  query: { readonly focus?: string | undefined; readonly depth: number; readonly level: 'table' | 'slice' },
): Lineage | undefined {
  const isSlice = query.level === 'slice' || (query.focus?.includes('@') ?? false);
  const graph = isSlice ? sliceGraph(seen) : tableGraph(seen);
  const { focus } = query;
  if (focus === undefined) return answer(isSlice, undefined, graph, [...graph.nodes.keys()]);
  if (!graph.nodes.has(focus)) return undefined;
  return answer(isSlice, focus, graph, neighbourhood(graph, focus, query.depth));
}

function answer(isSlice: boolean, focus: string | undefined, graph: Graph, ids: readonly string[]): Lineage {
  const kept = new Set(ids.slice(0, NODES_MAX));
  return {
    level: isSlice ? 'slice' : 'table',
    ...(focus !== undefined && { focus }),
    nodes: [...kept].flatMap((id) => graph.nodes.get(id) ?? []),
    edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
    truncated: kept.size < ids.length,
  };
}

/** Up and down from the focus, each way by itself: siblings of an input are nobody's neighbours. */
function neighbourhood({ edges }: Graph, focus: string, depth: number): readonly string[] {
  const found = new Set([focus]);
  const steps: readonly ((edge: LineageEdge) => readonly [string, string])[] = [
    ({ from, to }) => [to, from],
    ({ from, to }) => [from, to],
  ];
  for (const step of steps) {
    const next = new Map<string, string[]>();
    for (const edge of edges) {
      const [here, there] = step(edge);
      next.set(here, [...(next.get(here) ?? []), there]);
    }
    let front = [focus];
    for (let walked = 0; walked < depth && front.length > 0; walked++) {
      front = front.flatMap((id) => next.get(id) ?? []).filter((id) => !found.has(id));
      for (const id of front) found.add(id);
    }
  }
  return [...found];
}

function tableGraph(seen: Observation): Graph {
  const nodes = new Map<string, LineageNode>();
  const edges: LineageEdge[] = [];
  for (const source of sourcesLag(seen)) {
    const id = `source:${source.source}`;
    nodes.set(id, { id, kind: 'source', label: source.source, state: source.state, why: source.why });
  }
  const health = new Map(datasetsHealth(seen).map((dataset) => [dataset.name, dataset]));
  for (const step of seen.pipeline.datasets) {
    const own = health.get(step.name);
    if (own === undefined) continue;
    const { name: id, state, why, rows, behindMs, accounting } = own;
    const label = id.slice(step.layer.length + 1);
    nodes.set(id, {
      id,
      kind: step.layer,
      label,
      state,
      why,
      rows,
      ...(behindMs !== undefined && { behindMs }),
    });
    const inputs = inputsOf(step);
    for (const from of inputs) {
      // With one input, what went in is what came through it.
      edges.push({ from, to: id, ...(accounting && inputs.length === 1 && { accounting }) });
    }
  }
  return { nodes, edges };
}

function sliceGraph(seen: Observation): Graph {
  const nodes = new Map<string, LineageNode>();
  const edges: LineageEdge[] = [];
  for (const step of seen.pipeline.datasets) {
    for (const slice of slicesHealth(seen, step.name)) {
      const { id, key: label, state, why, rows } = slice;
      nodes.set(id, {
        id,
        kind: step.layer,
        label: `${step.name.slice(step.layer.length + 1)} ${label}`,
        state,
        why,
        rows,
      });
    }
    if (step.layer === 'bronze') continue;
    for (const { wanted, recorded } of seen.views?.get(step.name)?.slices ?? []) {
      const to = `${step.name}@${wanted.slice}`;
      const inputs =
        step.layer === 'silver' ? landedInputs(seen, step.name, wanted.slice) : wanted.inputs.map(idOf);
      const accounting = inputs.length === 1 ? recorded?.accounting : undefined;
      for (const from of inputs) edges.push({ from, to, ...(accounting && { accounting }) });
    }
  }
  return { nodes, edges };
}

const idOf = ({ dataset, slice }: { readonly dataset: DatasetName; readonly slice: string }) =>
  `${dataset}@${slice}`;

/** Bronze slices that hold a row of this silver slice: the landed files say which slices they touch. */
function landedInputs(seen: Observation, dataset: DatasetName, key: string): readonly string[] {
  const view = seen.views?.get(dataset);
  if (view === undefined || !isSilver(view)) return [];
  return [...(landedIndex(view).get(key) ?? [])].map((slice) => `${view.step.from.name}@${slice}`);
}

export function isSilver(view: { readonly step: { readonly layer: string } }): view is SilverView {
  return view.step.layer === 'silver';
}

const indexes = new WeakMap<SilverView['landed'], ReadonlyMap<string, ReadonlySet<string>>>();

/** Silver slice → bronze slices, made once for a list of landed files. */
function landedIndex({ step, landed }: SilverView): ReadonlyMap<string, ReadonlySet<string>> {
  const known = indexes.get(landed);
  if (known !== undefined) return known;
  const index = new Map<string, Set<string>>();
  for (const file of landed) {
    for (const key of slicesFed(step, file)) index.set(key, (index.get(key) ?? new Set()).add(file.slice));
  }
  indexes.set(landed, index);
  return index;
}

export function slicesFed(step: SilverDataset, { slice, tags }: LandedFileView): readonly string[] {
  if (step.refresh === 'snapshot') return [slice];
  return Object.keys(tags.touches).map((key) => coarsen(key, step.grain) ?? key);
}
