import {
  edgesOf,
  type GraphNode,
  isSameShape,
  type LineageGraph,
  lineageGraph,
  neighbourhood,
  rowsInto,
  withChanges,
} from './lineage-graph.ts';
import type { LineageAnswer, NodeChange } from './messages.ts';
import { isIll } from './states.ts';
import { accountingAloud, behindText, plural } from './words.ts';

/** Steps up and down from a focus. */
export const FOCUS_DEPTH = 2;
/** Places that Esc can go back to. */
const PAST_MAX = 50;
/** Found nodes that a search names; more are counted only. */
export const MATCHES_SHOWN_MAX = 50;

/** Where somebody is: what is shown, and the node they are on. */
export interface Place {
  readonly level: 'table' | 'slice';
  /** Without: everything. */
  readonly focus?: string | undefined;
  readonly current?: string | undefined;
}

/** All that the lineage page knows. A value: each act makes a new one. */
export interface LineageState {
  readonly place: Place;
  readonly past: readonly Place[];
  /** What is shown; it belongs to `place`, or to the place before while the answer is on its way. */
  readonly graph?: LineageGraph | undefined;
  /** Everything of a level, when it is known without gaps: then a focus needs no wait. */
  readonly whole?: LineageGraph | undefined;
  readonly search?: Search | undefined;
}

export interface Search {
  readonly text: string;
  /** Ids, best first. */
  readonly matches: readonly string[];
  readonly at: number;
}

export const NOWHERE: LineageState = { place: { level: 'table' }, past: [] };

/** The answer to the question for `state.place`. */
export function received(state: LineageState, answer: LineageAnswer): LineageState {
  const fresh = lineageGraph(answer);
  const isWhole = answer.focus === undefined && !answer.truncated;
  const graph =
    state.graph !== undefined && isSameShape(state.graph, fresh) ? sameIndexes(state.graph, fresh) : fresh;
  const next = { ...state, graph, ...(isWhole && { whole: graph }) };
  return withCurrent(next, state.place.current ?? answer.focus);
}

/** New values in the old order of edges, so that a layout of the old one fits. */
function sameIndexes(old: LineageGraph, fresh: LineageGraph): LineageGraph {
  const size = fresh.nodes.length;
  const rows = new Map(
    fresh.accounting.map((own, edge) => [
      (fresh.from[edge] as number) * size + (fresh.to[edge] as number),
      own,
    ]),
  );
  const accounting = Array.from(old.from, (tail, edge) => rows.get(tail * size + (old.to[edge] as number)));
  return { ...old, nodes: fresh.nodes, accounting, truncated: fresh.truncated };
}

/** Goes to the neighbourhood of a node. It shows at once what is known; the answer follows. */
export function focusOn(state: LineageState, id: string): LineageState {
  if (state.place.focus === id) return withCurrent(state, id);
  return goTo(state, { level: state.place.level, focus: id, current: id });
}

/** Goes anywhere, and remembers where it was. */
export function goTo(state: LineageState, place: Place): LineageState {
  return arrive({ ...state, past: [...state.past, state.place].slice(-PAST_MAX) }, place);
}

/** Where somebody was before: first out of the search, then back through the places, at last to everything. */
export function goBack(state: LineageState): LineageState {
  if (state.search !== undefined) return { ...state, search: undefined };
  const before = state.past.at(-1);
  if (before !== undefined) return arrive({ ...state, past: state.past.slice(0, -1) }, before);
  if (state.place.focus === undefined) return state;
  return arrive(state, { level: state.place.level, current: state.place.current });
}

function arrive(state: LineageState, place: Place): LineageState {
  const { whole } = state;
  const known = whole?.level === place.level ? whole : undefined;
  const graph =
    known === undefined
      ? undefined
      : place.focus === undefined
        ? known
        : neighbourhood(known, place.focus, FOCUS_DEPTH);
  const next = { ...state, place, search: undefined, ...(graph !== undefined && { graph }) };
  return graph === undefined ? next : withCurrent(next, place.current);
}

export function withCurrent(state: LineageState, id: string | undefined): LineageState {
  const current = id !== undefined && state.graph?.indexOf.has(id) === true ? id : undefined;
  return { ...state, place: { ...state.place, current } };
}

/** Nodes as they are now, in what is shown and in what is kept. */
export function changed(
  state: LineageState,
  changes: readonly NodeChange[],
): { readonly state: LineageState; readonly changed: readonly number[] } {
  const whole = state.whole === undefined ? undefined : withChanges(state.whole, changes).graph;
  if (state.graph === undefined) return { state: { ...state, whole }, changed: [] };
  const shown = withChanges(state.graph, changes);
  const graph = state.graph === state.whole && whole !== undefined ? whole : shown.graph;
  return { state: { ...state, whole, graph }, changed: shown.changed };
}

/** Every word must occur in name or id; names that begin with the text come first. */
export function searchFor(state: LineageState, text: string): LineageState {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return { ...state, search: { text, matches: [], at: 0 } };
  const found: { id: string; rank: number }[] = [];
  for (const { id, label } of state.graph?.nodes ?? []) {
    const [name, whole] = [label.toLowerCase(), `${label} ${id}`.toLowerCase()];
    if (!words.every((word) => whole.includes(word))) continue;
    const first = words[0] as string;
    found.push({ id, rank: name === first ? 0 : name.startsWith(first) ? 1 : name.includes(first) ? 2 : 3 });
  }
  const matches = found.sort((a, b) => a.rank - b.rank).map(({ id }) => id);
  return { ...state, search: { text, matches, at: 0 } };
}

/** To the next match (1) or the one before (−1), round and round. */
export function nextMatch(state: LineageState, step: 1 | -1): LineageState {
  const { search } = state;
  if (search === undefined || search.matches.length === 0) return state;
  const count = search.matches.length;
  return { ...state, search: { ...search, at: (search.at + step + count) % count } };
}

export function matchOf({ search }: LineageState): string | undefined {
  return search?.matches[search.at];
}

export function currentNode({ graph, place }: LineageState): GraphNode | undefined {
  const index = place.current === undefined ? undefined : graph?.indexOf.get(place.current);
  return index === undefined ? undefined : graph?.nodes[index];
}

/** The next node after the current one that somebody has to look at, in the order of the graph. */
export function nextIll({ graph, place }: LineageState): string | undefined {
  if (graph === undefined) return undefined;
  const start = place.current === undefined ? -1 : (graph.indexOf.get(place.current) ?? -1);
  const count = graph.nodes.length;
  for (let step = 1; step <= count; step++) {
    const node = graph.nodes[(start + step) % count];
    if (node !== undefined && isIll(node.state)) return node.id;
  }
  return undefined;
}

/** `fresh · 3 min behind`. */
export function ageText({ state, behindMs }: GraphNode): string {
  return behindMs === undefined ? state : `${state} · ${behindText(behindMs)}`;
}

/** For the ear, after the name and state that are seen: kind, why, rows, what goes in and out. */
export function nodeAloud(graph: LineageGraph, index: number): string {
  const node = graph.nodes[index] as GraphNode;
  const rows = rowsInto(graph, index);
  return [
    node.kind,
    ...(node.why === '' ? [] : [node.why]),
    ...(rows !== undefined
      ? [accountingAloud(rows)]
      : node.rows === undefined
        ? []
        : [plural(node.rows, 'row')]),
    plural(edgesOf(graph.incoming, index).length, 'input'),
    plural(edgesOf(graph.outgoing, index).length, 'reader'),
  ].join(', ');
}
