import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layOut } from '../webview/layout/layout.ts';
import { randomLineage } from '../webview/layout/random-lineage.ts';
import { largeLineage, retailLineage } from '../webview/testing/retail-lineage.ts';
import { DOWNSTREAM, FAILED, failurePaths, lineageGraph, QUIET } from './lineage-graph.ts';
import {
  changed,
  focusOn,
  goBack,
  goTo,
  type LineageState,
  matchOf,
  NOWHERE,
  nextIll,
  nextMatch,
  nodeAloud,
  received,
  searchFor,
  withCurrent,
} from './lineage-model.ts';
import { firstNode, type Step, walk } from './lineage-walk.ts';
import type { LineageAnswer } from './messages.ts';
import { NODE_KINDS } from './states.ts';

const SEED = Number(process.env.SEED ?? 20_261_122);
const retail = received(NOWHERE, retailLineage());
const ids = ({ graph }: LineageState) => graph?.nodes.map(({ id }) => id) ?? [];
const graphOf = (state: LineageState) => state.graph as NonNullable<LineageState['graph']>;

describe('the graph', () => {
  it('keeps to what can be drawn: each node once, each edge once, none to nowhere', () => {
    const node = { kind: 'gold', label: 'x', state: 'fresh', why: '' } as const;
    const graph = lineageGraph({
      level: 'table',
      nodes: [
        { ...node, id: 'gold.b' },
        { ...node, id: 'gold.a' },
        { ...node, id: 'gold.b', state: 'failed' },
      ],
      edges: [
        { from: 'gold.a', to: 'gold.b' },
        { from: 'gold.a', to: 'gold.b' },
        { from: 'gold.a', to: 'gold.a' },
        { from: 'gold.a', to: 'gold.z' },
      ],
      truncated: false,
    });
    expect(graph.nodes.map(({ id, state }) => `${id} ${state}`)).toEqual(['gold.a fresh', 'gold.b failed']);
    expect([...graph.from, ...graph.to]).toEqual([0, 1]);
  });

  it('marks what failed and what reads it, however far, and leaves the rest quiet', () => {
    const graph = graphOf(retail);
    const paths = failurePaths(graph);
    const of = (path: number) => graph.nodes.filter((_, at) => paths[at] === path).map(({ id }) => id);
    expect(of(FAILED)).toEqual(['silver.orders']);
    expect(of(DOWNSTREAM)).toEqual([
      'gold.conversion',
      'gold.customer_value',
      'gold.daily_sales',
      'gold.product_sales',
      'gold.weekly_report',
      'consumer:finance',
      'consumer:sales',
      'consumer:web_team',
    ]);
    expect(of(QUIET)).toContain('gold.vendor_margin');
  });

  it('cuts texts and shows what hides in them', () => {
    const answer: LineageAnswer = {
      level: 'table',
      nodes: [
        { id: 'gold.x', kind: 'gold', label: 'x'.repeat(1_000_000), state: 'failed', why: 'a\u202eb\nc' },
      ],
      edges: [],
      truncated: false,
    };
    const [node] = lineageGraph(answer).nodes;
    expect(node?.label).toHaveLength(80);
    expect(node?.why).toBe('a·b·c');
  });
});

describe('a person at the lineage', () => {
  it('focuses a neighbourhood of two at once, and the answer keeps its shape', () => {
    const focused = focusOn(retail, 'silver.orders');
    expect(ids(focused)).toEqual([
      'source:orders',
      'bronze.orders',
      'silver.orders',
      'gold.conversion',
      'gold.customer_value',
      'gold.daily_sales',
      'gold.product_sales',
      'gold.weekly_report',
      'consumer:sales',
      'consumer:web_team',
    ]);
    const all = retailLineage();
    const known = new Set(ids(focused));
    const answer: LineageAnswer = {
      ...all,
      focus: 'silver.orders',
      nodes: all.nodes.filter(({ id }) => known.has(id)).reverse(),
      edges: all.edges.filter(({ from, to }) => known.has(from) && known.has(to)).reverse(),
    };
    const answered = received(focused, answer);
    expect(graphOf(answered).from).toBe(graphOf(focused).from);
    expect(graphOf(answered).accounting).toEqual(graphOf(focused).accounting);
    expect(answered.place.current).toBe('silver.orders');
  });

  it('goes back the way it came, at last to everything, and there it stays', () => {
    const there = focusOn(focusOn(retail, 'silver.orders'), 'gold.daily_sales');
    const back = goBack(there);
    expect(back.place).toMatchObject({ focus: 'silver.orders', current: 'silver.orders' });
    const home = goBack(back);
    expect(home.place.focus).toBeUndefined();
    expect(ids(home)).toEqual(ids(retail));
    expect(goBack(home)).toBe(home);
  });

  it('leaves the search first, and remembers a bounded number of places', () => {
    const searching = searchFor(focusOn(retail, 'silver.orders'), 'ord');
    expect(goBack(searching)).toMatchObject({ search: undefined, place: { focus: 'silver.orders' } });
    let state = retail;
    for (let step = 0; step < 200; step++) {
      state = goTo(state, { level: 'table', focus: step % 2 === 0 ? 'silver.orders' : 'silver.clicks' });
    }
    expect(state.past).toHaveLength(50);
  });

  it('finds by any words of name and layer, names that begin with them first', () => {
    const found = searchFor(retail, 'SALES');
    expect(found.search?.matches).toEqual(['consumer:sales', 'gold.daily_sales', 'gold.product_sales']);
    expect(matchOf(nextMatch(found, -1))).toBe('gold.product_sales');
    expect(searchFor(retail, 'silver ord').search?.matches).toEqual(['silver.orders']);
    expect(searchFor(retail, '.*').search?.matches).toEqual([]);
    expect(searchFor(retail, '  ').search?.matches).toEqual([]);
  });

  it('goes round the nodes that somebody has to look at', () => {
    const first = nextIll(retail) as string;
    const second = nextIll(withCurrent(retail, first)) as string;
    const third = nextIll(withCurrent(retail, second)) as string;
    expect([first, second, third]).toEqual(['source:vendors', 'bronze.vendors', 'silver.orders']);
    expect(nextIll(withCurrent(retail, third))).toBe(first);
  });

  it('sees nodes change where they stand, and passes over those that are not there', () => {
    const change = [
      { id: 'silver.orders', state: 'fresh', why: '', rows: 7 },
      { id: 'gold.nothing', state: 'failed', why: 'x' },
    ] as const;
    const next = changed(retail, change);
    expect(next.changed).toEqual([graphOf(retail).indexOf.get('silver.orders')]);
    expect(graphOf(next.state).from).toBe(graphOf(retail).from);
    expect(goBack(focusOn(next.state, 'silver.orders')).graph).toBe(next.state.graph);
    expect(changed(next.state, change).changed).toEqual([]);
  });

  it('hears all that is to be seen', () => {
    const graph = graphOf(retail);
    expect(nodeAloud(graph, graph.indexOf.get('silver.orders') as number)).toBe(
      'silver, 1 of 305 slices failed: decimal overflow in UnitPrice, 541,909 rows in, 535,185 out, 1,456 quarantined, 5,268 duplicates, 1 input, 4 readers',
    );
  });

  it('keeps what it has while an answer is on its way, when not all is known', () => {
    const part = received(NOWHERE, { ...retailLineage(), truncated: true });
    const focused = focusOn(part, 'silver.orders');
    expect(focused.graph).toBe(part.graph);
    expect(focused.place.focus).toBe('silver.orders');
  });
});

describe('arrow keys', () => {
  const STEPS: readonly Step[] = [
    'left',
    'right',
    'up',
    'down',
    'first',
    'last',
    'column-left',
    'column-right',
  ];

  it('reach every node of any lineage', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 80 }), (seed, count) => {
        const input = randomLineage({ nodes: count, seed, reach: 0.5, long: 0.3 });
        const idOf = (node: number) => `n${String(node).padStart(3, '0')}`;
        const graph = lineageGraph({
          level: 'table',
          nodes: Array.from(input.kinds, (kind, node) => ({
            id: idOf(node),
            kind: NODE_KINDS[kind] as (typeof NODE_KINDS)[number],
            label: idOf(node),
            state: 'fresh',
            why: '',
          })),
          edges: Array.from(input.from, (from, at) => ({
            from: idOf(from),
            to: idOf(input.to[at] as number),
          })),
          truncated: false,
        });
        const layout = layOut(input);
        const reached = new Set([firstNode(layout) as number]);
        for (const node of reached) {
          for (const step of STEPS) {
            const next = walk(graph, layout, node, step);
            if (next !== undefined) reached.add(next);
          }
        }
        expect(reached.size).toBe(count);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('walk along edges, and up and down a column', () => {
    const graph = graphOf(retail);
    const layout = layOut({
      kinds: Uint8Array.from(graph.nodes, ({ kind }) => NODE_KINDS.indexOf(kind)),
      from: graph.from,
      to: graph.to,
    });
    const go = (from: string, step: Step) =>
      graph.nodes[walk(graph, layout, graph.indexOf.get(from) as number, step) ?? -1]?.id;
    expect(go('silver.orders', 'left')).toBe('bronze.orders');
    expect(go('bronze.orders', 'right')).toBe('silver.orders');
    expect(go('silver.orders', 'right')).toMatch(/^gold\./);
    expect(go(go('silver.orders', 'up') as string, 'down')).toBe('silver.orders');
    expect(go('source:orders', 'left')).toBeUndefined();
  });
});

it('takes a lineage of thousands', () => {
  const state = received(NOWHERE, largeLineage(5_000));
  expect(ids(state)).toHaveLength(5_000);
  expect(focusOn(state, 'silver.table_2000').graph?.nodes.length).toBeLessThan(200);
});
