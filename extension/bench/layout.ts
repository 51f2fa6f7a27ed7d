import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { judge, median, option } from '../../test/bench/figures.ts';
import { assignLayers } from '../webview/layout/assign-layers.ts';
import { CrossingCounter, type Rows } from '../webview/layout/count-crossings.ts';
import { layOut } from '../webview/layout/layout.ts';
import type { LayoutInput } from '../webview/layout/layout-types.ts';
import { randomLineage } from '../webview/layout/random-lineage.ts';
import { type Part, splitParts } from '../webview/layout/split-parts.ts';

const ROUNDS = 9;
const WARM_UPS = 3;
const SEED = 7;
/** Milliseconds, by nodes: full coordinates, warm. */
const BARS: readonly (readonly [nodes: number, ms: number])[] = [
  [1_000, 20],
  [5_000, 120],
];

const say = (line: string) => process.stdout.write(`${line}\n`);

/**
 * `npm run bench -- layout [--rounds N] [--peers FOLDER]`: time and crossings of our layout. The order as it came is the naive
 * peer; with `--peers`, a folder where `npm install elkjs` was run, elk orders the same layers with the same bends.
 */
export async function benchLayout(args: readonly string[]): Promise<boolean> {
  const rounds = option(args, 'rounds', ROUNDS);
  let holds = true;
  for (const [nodes, bar] of BARS) {
    const input = randomLineage({ nodes, seed: SEED });
    for (let round = 0; round < WARM_UPS; round++) layOut(input);
    const before = process.cpuUsage();
    const times = Array.from({ length: rounds }, () => {
      const started = performance.now();
      layOut(input);
      return performance.now() - started;
    });
    const { user, system } = process.cpuUsage(before);
    const { crossings, layerX } = layOut(input);
    const given = crossingsAsGiven(input);
    say(
      `${nodes} nodes, ${input.from.length} edges, ${layerX.length} layers: least ${Math.min(...times).toFixed(1)} ms, ` +
        `processor ${((user + system) / 1_000 / rounds).toFixed(1)} ms a layout, ` +
        `crossings ${crossings}, as made ${given}`,
    );
    holds = judge(`layout of ${nodes} nodes, median ms`, median(times), { max: bar }) && holds;
  }
  const at = args.indexOf('--peers');
  const folder = at < 0 ? undefined : args[at + 1];
  if (folder === undefined) say('elk was not asked: give --peers FOLDER, where elkjs is installed');
  else holds = (await compareWithElk(resolve(folder))) && holds;
  return holds;
}

/** In the order of the nodes' numbers, which is the order in which the lineage was made: near its hidden structure. */
function crossingsAsGiven(input: LayoutInput): number {
  const counts = new Map<number, number>();
  const place = Float64Array.from(input.kinds, (kind) => {
    const next = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, next);
    return next;
  }).map((own, node) => own / (counts.get(input.kinds[node] as number) as number));
  return sum(partsOf(input), (part) => {
    const key = new Float64Array(part.layer.length);
    part.nodes.forEach((node, vertex) => {
      key[vertex] = place[node] as number;
    });
    for (const { tail, head, firstBend, bends } of part.edges) {
      for (let bend = 0; bend < bends; bend++) {
        const share = (bend + 1) / (bends + 1);
        key[firstBend + bend] = (key[tail] as number) * (1 - share) + (key[head] as number) * share;
      }
    }
    return crossingsBy(part, key);
  });
}

interface ElkGraph {
  readonly children?: readonly { readonly id: string; readonly y: number }[];
}

/** Elk gets every part with our layers and bends, so that both solve the same task: the order of rows. */
async function compareWithElk(folder: string): Promise<boolean> {
  const require = createRequire(resolve(folder, 'package.json'));
  const Elk = require('elkjs/lib/elk.bundled.js') as new () => { layout(graph: unknown): Promise<ElkGraph> };
  const input = randomLineage({ nodes: 200, seed: SEED });
  const elk = new Elk();
  let theirs = 0;
  const started = performance.now();
  for (const part of partsOf(input)) {
    const { children = [] } = await elk.layout(elkGraph(part));
    const key = new Float64Array(part.layer.length);
    for (const { id, y } of children) key[Number(id.slice(1))] = y;
    theirs += crossingsBy(part, key);
  }
  const theirMs = performance.now() - started;
  const { crossings } = layOut(input);
  say(`elk, 200 nodes: ${theirMs.toFixed(0)} ms, crossings ${theirs}; ours ${crossings}`);
  return judge('our crossings to those of elk, 200 nodes', crossings / Math.max(1, theirs), { max: 1.2 });
}

function elkGraph({ layer, right }: Part) {
  const edges: { id: string; sources: string[]; targets: string[] }[] = [];
  for (let vertex = 0; vertex < layer.length; vertex++) {
    for (const end of right.ends.subarray(right.starts[vertex], right.starts[vertex + 1])) {
      edges.push({ id: `e${edges.length}`, sources: [`v${vertex}`], targets: [`v${end}`] });
    }
  }
  return {
    id: 'part',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.partitioning.activate': 'true',
      'elk.randomSeed': '1',
    },
    children: Array.from(layer, (own, vertex) => ({
      id: `v${vertex}`,
      width: 10,
      height: 10,
      layoutOptions: { 'elk.partitioning.partition': String(own) },
    })),
    edges,
  };
}

function partsOf(input: LayoutInput): readonly Part[] {
  return splitParts(input, assignLayers(input));
}

function crossingsBy(part: Part, key: Float64Array): number {
  const { first, last } = part.layersUsed;
  const found: number[][] = Array.from({ length: last - first + 1 }, () => []);
  part.layer.forEach((layer, vertex) => {
    found[layer - first]?.push(vertex);
  });
  const row = new Int32Array(part.layer.length);
  const rows: Rows = {
    row,
    layers: found.map((vertices) => {
      vertices.sort((a, b) => (key[a] as number) - (key[b] as number) || a - b);
      vertices.forEach((vertex, at) => {
        row[vertex] = at;
      });
      return Int32Array.from(vertices);
    }),
  };
  return new CrossingCounter(part).count(part, rows);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
