import { LatestAnswer } from '../../shared/latest.ts';
import {
  type FromLineagePage,
  fromLineagePage,
  readMessage,
  type ToLineagePage,
} from '../../shared/messages.ts';
import { errorWords } from '../connection/error-words.ts';
import { connectionMessage, NO_AGENT, type PageDeps, type PageHost } from './page-host.ts';

export interface LineagePlace {
  readonly level: 'table' | 'slice';
  readonly focus?: string;
}

type Query = Extract<FromLineagePage, { type: 'query' }>;
const DEPTH_MAX = 10;

/** Answers the questions of the lineage page, and tells it what changes on nodes. */
export function lineageHost(deps: PageDeps<ToLineagePage>): PageHost<LineagePlace> {
  const { lake, log, post, connection } = deps;
  const latest = new LatestAnswer();
  let isListening = false;
  let wanted: LineagePlace | undefined;

  function show(): void {
    if (!isListening || wanted === undefined) return;
    post({ type: 'show', ...wanted });
    wanted = undefined;
  }

  async function answer({ request, level, focus, depth }: Query): Promise<void> {
    const signal = latest.begin(request);
    if (lake.client === undefined) return post({ type: 'refused', request, problem: NO_AGENT });
    const asked = {
      level,
      depth: Math.min(Math.max(1, depth), DEPTH_MAX),
      ...(focus !== undefined && { focus }),
    };
    try {
      const lineage = await lake.client.query('lineage', asked, signal);
      if (!signal.aborted) post({ type: 'lineage', request, lineage: lineage as never });
    } catch (error) {
      if (signal.aborted) return;
      const { what, remedy } = errorWords(error);
      log.warn(`lineage: ${what}`);
      post({ type: 'refused', request, problem: { what, remedy } });
    }
  }

  return {
    show(place) {
      wanted = place;
      show();
    },
    receive(value) {
      const message = readMessage(fromLineagePage, value);
      if (!message.ok) return log.warn(`the lineage page: ${message.problem}`);
      switch (message.value.type) {
        case 'ready':
          isListening = true;
          post(connectionMessage(connection()));
          return show();
        case 'query':
          return void answer(message.value);
        case 'cancel':
          return latest.cancel(message.value.request);
        case 'open':
          return deps.open(message.value.what, message.value.id);
        case 'fault':
          return log.error(`the lineage page: ${message.value.message.slice(0, 1_000)}`);
      }
    },
    changed({ datasets, topics }) {
      if (!isListening) return;
      const nodes = [...datasets].flatMap((name) => {
        const dataset = lake.datasets.get(name);
        if (dataset === undefined) return [];
        const { state, why, rows, behindMs } = dataset;
        return [{ id: name, state, why, rows, ...(behindMs !== undefined && { behindMs }) }];
      });
      const sources = topics.has('sources')
        ? [...lake.sources.values()].map(({ source, state, why }) => ({ id: `source:${source}`, state, why }))
        : [];
      if (nodes.length + sources.length > 0) post({ type: 'changed', nodes: [...nodes, ...sources] });
    },
    connection(state) {
      if (isListening) post(connectionMessage(state));
    },
    dispose: () => latest.dispose(),
  };
}
