import type { AgentClient } from '@lakewarden/client';
import { LatestAnswer } from '../../shared/latest.ts';
import {
  type DatasetReport,
  type FromHealthPage,
  fromHealthPage,
  readMessage,
  type ToHealthPage,
} from '../../shared/messages.ts';
import { compareStates } from '../../shared/states.ts';
import { errorWords } from '../connection/error-words.ts';
import type { LakeModel } from '../models/lake-model.ts';
import { connectionMessage, NO_AGENT, type PageDeps, type PageHost } from './page-host.ts';

type Query = Extract<FromHealthPage, { type: 'query' }>;

const PAGE_ITEMS = 500;
/** What a page draws: of hours nearly a year, of days more than ten. */
const SLICES_MAX = 8_000;
const RUNS_MAX = 1_000;

/** Answers the questions of the health page about one dataset over time. */
export function healthHost(deps: PageDeps<ToHealthPage>): PageHost<string> {
  const { lake, log, post, connection, nowMs } = deps;
  const latest = new LatestAnswer();
  let isListening = false;
  let wanted: string | undefined;

  function show(): void {
    if (!isListening || wanted === undefined) return;
    post({ type: 'show', dataset: wanted });
    wanted = undefined;
  }

  async function answer({ request, dataset }: Query): Promise<void> {
    const signal = latest.begin(request);
    if (lake.client === undefined) return post({ type: 'refused', request, problem: NO_AGENT });
    try {
      const report = await reportOf(lake.client, dataset, nowMs(), signal);
      if (!signal.aborted) post({ type: 'report', request, report });
    } catch (error) {
      if (signal.aborted) return;
      const { what, remedy } = errorWords(error);
      log.warn(`health of ${dataset}: ${what}`);
      post({ type: 'refused', request, problem: { what, remedy } });
    }
  }

  return {
    show(dataset) {
      wanted = dataset;
      show();
    },
    receive(value) {
      const message = readMessage(fromHealthPage, value);
      if (!message.ok) return log.warn(`the health page: ${message.problem}`);
      switch (message.value.type) {
        case 'ready':
          isListening = true;
          post(connectionMessage(connection()));
          post(datasetsMessage(lake));
          return show();
        case 'query':
          return void answer(message.value);
        case 'cancel':
          return latest.cancel(message.value.request);
        case 'open':
          return deps.open(message.value.what, message.value.id);
        case 'open-runs':
          return deps.openRuns(message.value.dataset, message.value.slice);
        case 'fault':
          return log.error(`the health page: ${message.value.message.slice(0, 1_000)}`);
      }
    },
    changed({ datasets }) {
      if (!isListening || datasets.size === 0) return;
      post(datasetsMessage(lake));
      for (const dataset of datasets) post({ type: 'changed', dataset });
    },
    connection(state) {
      if (isListening) post(connectionMessage(state));
    },
    dispose: () => latest.dispose(),
  };
}

const LAYERS = ['gold', 'silver', 'bronze'];
const DATASETS_MAX = 10_000;

/** Layer by layer as in the tree; in a layer the ill ones first. */
function datasetsMessage({ datasets }: LakeModel): ToHealthPage {
  const rank = (layer: string) => LAYERS.indexOf(layer);
  return {
    type: 'datasets',
    datasets: [...datasets.values()]
      .sort(
        (a, b) =>
          rank(a.layer) - rank(b.layer) || compareStates(a.state, b.state) || (a.name < b.name ? -1 : 1),
      )
      .slice(0, DATASETS_MAX)
      .map(({ name, state }) => ({ name, state })),
  };
}

async function reportOf(
  client: AgentClient,
  name: string,
  now: number,
  signal: AbortSignal,
): Promise<DatasetReport> {
  const [dataset, slices, runs, quarantine] = await Promise.all([
    client.query('dataset', { dataset: name }, signal),
    take(client.all('slices', { dataset: name, limit: PAGE_ITEMS }, signal), SLICES_MAX),
    take(client.all('runs', { dataset: name, limit: PAGE_ITEMS }, signal), RUNS_MAX),
    name.startsWith('silver.') ? client.query('quarantine', { dataset: name }, signal) : undefined,
  ]);
  return {
    dataset: dataset as DatasetReport['dataset'],
    slices: slices.items as DatasetReport['slices'],
    runs: runs.items as DatasetReport['runs'],
    reasons: quarantine?.reasons.slice(0, 1_000) ?? [],
    now,
    truncated: slices.hasMore || runs.hasMore,
  };
}

async function take<T>(items: AsyncIterable<T>, itemsMax: number) {
  const taken: T[] = [];
  for await (const item of items) {
    if (taken.length === itemsMax) return { items: taken, hasMore: true };
    taken.push(item);
  }
  return { items: taken, hasMore: false };
}
