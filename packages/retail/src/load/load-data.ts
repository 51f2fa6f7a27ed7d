import type { Problem } from '@lakewarden/contracts';
import { openHubLinks } from '../azure/event-hub-links.ts';
import { HUBS, provisionFileSystem, provisionHubs } from '../azure/provision.ts';
import { provisionFactory } from '../azure/provision-factory.ts';
import type { AzureTarget } from '../azure/target.ts';
import { CsvSource } from './csv-source.ts';
import { openDataFolder } from './data-folder.ts';
import type { EventSource } from './event-source.ts';
import { fillHub, type LoadFact } from './fill-hub.ts';

/** One line of what the sources say; `source` is the hub. */
export type SourcesLine =
  | { readonly progress: { readonly source: string; readonly done: number; readonly total?: number } }
  /** Something of the data could not be sent; the exit code tells too. */
  | { readonly problem: Problem }
  /** Worth knowing, nothing to do. */
  | { readonly notice: string }
  | { readonly done: { readonly sources: readonly HubResult[]; readonly problems: number } };

export interface HubResult {
  readonly source: string;
  readonly rows: number;
  readonly sent: number;
  readonly already: number;
  /** Broken lines that were sent as they are, for quarantine. */
  readonly broken: number;
  readonly complete: boolean;
}

export interface SourcesTools {
  readonly target: AzureTarget;
  readonly say: (line: SourcesLine) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds; for the pace of the progress lines only. */
  readonly now: () => number;
}

/** Everything that must be there before anything is sent. Safe to repeat. */
export async function provision(target: AzureTarget, filesRoot: string): Promise<void> {
  await Promise.all([
    provisionHubs(target, HUBS),
    provisionFileSystem(target),
    provisionFactory(target, filesRoot),
  ]);
}

/** Loads a folder of real files. True when all of it was sent. */
export async function loadData(
  options: { readonly data: string; readonly rowsMax: number },
  tools: SourcesTools,
  signal: AbortSignal,
): Promise<boolean> {
  const { hubs, problems } = await openDataFolder(options.data);
  for (const problem of problems) tools.say({ problem });
  await provision(tools.target, options.data);
  return sendAll({ hubs, rowsMax: options.rowsMax, problems: problems.length }, tools, signal);
}

export interface HubSources {
  readonly hub: string;
  readonly sources: readonly EventSource[];
}

/** Fills all hubs at once; a hub that fails does not stop the others. */
export async function sendAll(
  work: { readonly hubs: readonly HubSources[]; readonly rowsMax: number; readonly problems: number },
  tools: SourcesTools,
  signal: AbortSignal,
): Promise<boolean> {
  let problems = work.problems;
  const counting: SourcesTools = {
    ...tools,
    say: (line) => {
      if ('problem' in line) problems += 1;
      tools.say(line);
    },
  };
  const results = await Promise.all(work.hubs.map((each) => sendHub(each, work.rowsMax, counting, signal)));
  const sources = results.filter((each) => each !== undefined);
  tools.say({ done: { sources, problems } });
  return problems === 0 && sources.every((each) => each.complete);
}

async function sendHub(
  { hub, sources }: HubSources,
  rowsMax: number,
  tools: SourcesTools,
  signal: AbortSignal,
): Promise<HubResult | undefined> {
  const { target, sleep } = tools;
  const links = openHubLinks(target, hub, sleep);
  try {
    const onFact = factTeller(hub, tools);
    const result = await fillHub({ links, sources, rowsMax, onFact, sleep }, signal);
    const broken = tellBroken(sources, tools);
    return { source: hub, ...result, broken };
  } catch (cause) {
    if (signal.aborted) return { source: hub, rows: 0, sent: 0, already: 0, broken: 0, complete: false };
    const { message } = cause as Error;
    const remedy = 'run the same command again: it goes on where this one stopped';
    tools.say({ problem: { file: `hub ${hub}`, line: 0, column: 0, message, remedy } });
    return undefined;
  } finally {
    await links.close();
  }
}

const PROGRESS_MS = 250;

function factTeller(hub: string, { say, now }: SourcesTools): (fact: LoadFact) => void {
  let saidMs = Number.NEGATIVE_INFINITY;
  return (fact) => {
    switch (fact.type) {
      case 'rows-loaded': {
        const { done, total } = fact;
        if (done !== total && now() - saidMs < PROGRESS_MS) return;
        saidMs = now();
        say({ progress: { source: hub, done, ...(total === undefined ? {} : { total }) } });
        return;
      }
      case 'doubt':
        say({ notice: `hub ${hub}, partition ${fact.partition}: a send is in doubt, looking what arrived` });
        return;
      case 'row-too-large':
        say({ problem: tooLarge(fact) });
        return;
      case 'source-unreadable':
        say({ problem: fact.problem });
    }
  };
}

function tooLarge({ source, row, bytes }: Extract<LoadFact, { type: 'row-too-large' }>): Problem {
  const message = `row ${row} has ${bytes} bytes and fits into no event`;
  return { file: source, line: 0, column: 0, message, remedy: 'shorten the row' };
}

function tellBroken(sources: readonly EventSource[], { say }: SourcesTools): number {
  let broken = 0;
  for (const source of sources) {
    if (!(source instanceof CsvSource)) continue;
    broken += source.broken.count;
    for (const { file, line, message } of source.broken.first) {
      say({ notice: `${file}:${line}  ${message} · the line was sent as it is and will be in quarantine` });
    }
    const more = source.broken.count - source.broken.first.length;
    if (more > 0) say({ notice: `${source.name}: ${more} more broken lines were sent as they are` });
    if (source.blankLines > 0)
      say({ notice: `${source.name}: ${source.blankLines} blank lines were passed over` });
  }
  return broken;
}
