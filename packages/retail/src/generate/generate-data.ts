import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EventSource } from '../load/event-source.ts';
import { type HubSources, provision, type SourcesTools, sendAll } from '../load/load-data.ts';
import { generatedSource } from './generated-source.ts';
import { GeneratedWorld, HUB_NAMES, type HubName, type WorldParameters } from './generated-world.ts';
import { LIVE_SOURCE, type LiveOptions, liveSource } from './live-source.ts';

/** What was planted, beside the files: `{parameters, datasets: {orders: Expectation, …}}`. */
export const EXPECTED_FILE = 'expected.json';

/** Writes the batch files and the manifest below `out`, then sends all events. True when all of it was sent. */
export async function generateData(
  options: { readonly out: string; readonly parameters: WorldParameters },
  tools: SourcesTools,
  signal: AbortSignal,
): Promise<boolean> {
  const world = new GeneratedWorld(options.parameters);
  await writeFiles(world, options.out);
  await provision(tools.target, options.out);
  const hubs = HUB_NAMES.map((hub) => ({ hub, sources: [generatedSource(world, hub), nothingLive()] }));
  return sendAll({ hubs, rowsMax: Number.POSITIVE_INFINITY, problems: 0 }, tools, signal);
}

/** Goes on sending events as they happen, until stopped. */
export async function generateLive(
  options: { readonly out: string; readonly parameters: WorldParameters; readonly live: LiveOptions },
  tools: SourcesTools,
  signal: AbortSignal,
): Promise<void> {
  const world = new GeneratedWorld((await readParameters(options.out)) ?? options.parameters);
  const hubs: HubSources[] = HUB_NAMES.map((hub) => {
    const live = { ...options.live, eventsPerSecond: options.live.eventsPerSecond * SHARES[hub] };
    return { hub, sources: [counted(generatedSource(world, hub)), liveSource(world, hub, live)] };
  });
  await sendAll({ hubs, rowsMax: Number.POSITIVE_INFINITY, problems: 0 }, tools, signal);
}

const SHARES: Readonly<Record<HubName, number>> = { orders: 0.4, clicks: 0.3, pos: 0.2, payments: 0.1 };

/** Live events may lie behind the generated ones: naming their source lets the newest of them be understood. */
function nothingLive(): EventSource {
  return { name: LIVE_SOURCE, count: async () => 0, async *blocks() {} };
}

/** Known, so that the marks of what follows it are right, and not sent from here. */
function counted(source: EventSource): EventSource {
  return { ...source, async *blocks() {} };
}

async function writeFiles(world: GeneratedWorld, out: string): Promise<void> {
  for (const { path, text } of world.batchFiles()) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), text);
  }
  const manifest = { parameters: world.parameters, datasets: world.expected() };
  await writeFile(join(out, EXPECTED_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function readParameters(out: string): Promise<WorldParameters | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(out, EXPECTED_FILE), 'utf8'));
    return (manifest as { parameters: WorldParameters }).parameters;
  } catch {
    return undefined;
  }
}
