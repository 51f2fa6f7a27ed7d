import * as vscode from 'vscode';
import { STATES_WORST_FIRST } from '../../shared/states.ts';
import { countsText } from '../../shared/words.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import { errorText } from '../connection/error-words.ts';
import { VIEW_NAMES, type ViewName, viewId } from '../manifest/command-table.ts';
import type { LakeChange, Topic } from '../models/lake-change.ts';
import type { Parts } from '../parts.ts';
import { datasetCard } from './cards.ts';
import { IncidentsSource, isUnacknowledged } from './incident-nodes.ts';
import { LakeTreeDataProvider } from './lake-tree-data-provider.ts';
import { LayersSource } from './layers-source.ts';
import { RowDecorations } from './row-decorations.ts';
import { RunsSource } from './run-nodes.ts';
import { RunbooksSource } from './runbook-nodes.ts';
import { SourcesSource } from './source-nodes.ts';
import type { TreeElement } from './tree-cache.ts';
import type { NodeSource, TreeNode } from './tree-node.ts';

export interface LakeTrees {
  readonly disposables: readonly vscode.Disposable[];
  setFilter(filter: 'all' | 'failed'): void;
  /** More of what stands below this layer or dataset. */
  more(below: string): Promise<void>;
  refresh(): void;
  /** Shows the row of a dataset. */
  revealDataset(dataset: string): Promise<void>;
  focus(view: ViewName): Promise<void>;
}

/** Which changes each view shows. */
const TOPICS: Readonly<Record<ViewName, readonly Topic[]>> = {
  layers: ['overview', 'datasets', 'sources'],
  runs: ['runs', 'backfills'],
  incidents: ['incidents', 'executions'],
  sources: ['sources', 'breakers'],
  runbooks: ['runbooks', 'executions'],
};

/** Texts such as `retry in 40 s` are made new this often, of views that are seen. */
const TICK_MS = 10_000;

export function registerTrees(parts: Parts): LakeTrees {
  const { lake, slices, clock, log, connection } = parts;
  const nowMs = () => clock.nowMs();
  const layers = new LayersSource({ lake, slices, nowMs, problemOf: errorText });
  const sources: Readonly<Record<ViewName, NodeSource>> = {
    layers,
    runs: new RunsSource(lake, nowMs),
    incidents: new IncidentsSource(lake, nowMs),
    sources: new SourcesSource(lake, nowMs),
    runbooks: new RunbooksSource(lake, nowMs),
  };
  const onError = (error: unknown) =>
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const cardOf = (node: TreeNode, signal: AbortSignal) => cardWithRuns(node, parts, signal);
  const providers = Object.fromEntries(
    VIEW_NAMES.map((name) => [name, new LakeTreeDataProvider({ source: sources[name], cardOf, onError })]),
  ) as Record<ViewName, LakeTreeDataProvider>;
  const views = Object.fromEntries(
    VIEW_NAMES.map((name) => [
      name,
      vscode.window.createTreeView(viewId(name), {
        treeDataProvider: providers[name],
        showCollapseAll: name === 'layers',
      }),
    ]),
  ) as Record<ViewName, vscode.TreeView<TreeElement>>;

  let url: string | undefined;
  const refreshAll = () => {
    for (const name of VIEW_NAMES) void providers[name].refresh();
  };
  const onChange = ({ topics, datasets }: LakeChange) => {
    for (const name of VIEW_NAMES)
      if (TOPICS[name].some((topic) => topics.has(topic))) void providers[name].refresh();
    for (const dataset of datasets) slices.refresh(dataset);
    describe(views, parts);
  };
  const tick = setInterval(() => {
    for (const name of VIEW_NAMES) if (views[name].visible) void providers[name].refresh();
  }, TICK_MS);
  void vscode.commands.executeCommand('setContext', 'lakewarden.filter', 'all');

  return {
    disposables: [
      ...Object.values(views),
      ...Object.values(providers),
      vscode.window.registerFileDecorationProvider(new RowDecorations()),
      new vscode.Disposable(() => clearInterval(tick)),
      lake.onChange(onChange),
      slices.onChange(() => void providers.layers.refresh()),
      connection.onChange((state) => {
        // Of another agent's lake nothing is kept.
        if (state.kind === 'connected' && state.url !== url) slices.clear();
        if (state.kind === 'connected') url = state.url;
        tellConnection(state, views, parts);
      }),
      ...VIEW_NAMES.flatMap((name) => [
        views[name].onDidCollapseElement(({ element }) => providers[name].closed(element)),
        views[name].onDidExpandElement(({ element }) => providers[name].opened(element)),
        views[name].onDidChangeVisibility(({ visible }) => {
          if (visible) void providers[name].refresh();
        }),
      ]),
      views.layers.onDidChangeVisibility(({ visible }) => {
        if (visible && lake.overview !== undefined) parts.did('sawLayers');
      }),
    ],
    setFilter(filter) {
      layers.filter = filter;
      slices.clear();
      void vscode.commands.executeCommand('setContext', 'lakewarden.filter', filter);
      void providers.layers.refresh();
    },
    async more(below) {
      await layers.more(below);
      await providers.layers.refresh();
    },
    refresh: refreshAll,
    async revealDataset(dataset) {
      const layer = dataset.slice(0, dataset.indexOf('.'));
      const element = await providers.layers.find([`layer:${layer}`, `dataset:${dataset}`]);
      if (element !== undefined)
        await views.layers.reveal(element, { select: true, focus: true, expand: true });
    },
    async focus(view) {
      await vscode.commands.executeCommand(`${viewId(view)}.focus`);
    },
  };
}

type Views = Readonly<Record<ViewName, vscode.TreeView<TreeElement>>>;

/** Right of the title of a view: what one wants to know without opening it. */
function describe(views: Views, { lake }: Parts): void {
  const { overview, incidents, sources } = lake;
  views.layers.description = overview === undefined ? '' : countsText(overview.counts, STATES_WORST_FIRST);
  const waiting = incidents.filter(isUnacknowledged).length;
  views.incidents.badge =
    waiting === 0
      ? undefined
      : { value: waiting, tooltip: vscode.l10n.t('{0} incidents that nobody looks after', waiting) };
  const behind = [...sources.values()].reduce((sum, { events }) => sum + events, 0);
  views.sources.description = sources.size === 0 ? '' : `lag ${behind.toLocaleString('en-US')}`;
  void vscode.commands.executeCommand(
    'setContext',
    'lakewarden.empty',
    lake.isLoaded && lake.datasets.size === 0,
  );
}

/** What was known stays in sight while the agent is away; a line above it says so. */
function tellConnection({ kind, problem }: ConnectionState, views: Views, { lake }: Parts): void {
  const isConnected = kind === 'connected';
  const set = (key: string, value: unknown) => void vscode.commands.executeCommand('setContext', key, value);
  set('lakewarden.connection', kind);
  set('lakewarden.connected', isConnected);
  const isOld = !isConnected && kind !== 'connecting' && lake.datasets.size > 0;
  const away = vscode.l10n.t('From before; the agent is away.');
  const why = vscode.l10n.t('From before: {0}. It is asked again by itself.', problem ?? '');
  for (const name of VIEW_NAMES) {
    const message = name === 'layers' && problem !== undefined ? why : away;
    tellMessage(views[name], isOld ? message : '');
  }
}

/** VS Code counts a message as a change of the tree, also the same again, and holds the rows back for 200 ms after it. */
function tellMessage(view: vscode.TreeView<TreeElement>, message: string): void {
  if ((view.message ?? '') !== message) view.message = message;
}

/** The card of a dataset tells its last runs too; of the others what is known does. */
async function cardWithRuns(node: TreeNode, { lake, clock }: Parts, signal: AbortSignal): Promise<string> {
  const dataset = node.id.startsWith('dataset:') ? lake.datasets.get(node.subject.dataset ?? '') : undefined;
  if (dataset === undefined || lake.client === undefined) return node.card();
  try {
    const { items } = await lake.client.query('runs', { dataset: dataset.name, limit: 3 }, signal);
    return datasetCard(dataset, items, clock.nowMs());
  } catch (error) {
    return `${node.card()}\n\nIts runs are not known: ${errorText(error).replace(/[^\w .,:()·-]/g, ' ')}`;
  }
}
