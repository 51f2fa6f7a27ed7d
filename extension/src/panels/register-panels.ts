import * as vscode from 'vscode';
import { plainText } from '../../shared/plain-text.ts';
import { errorText } from '../connection/error-words.ts';
import { HEALTH_PANEL, LINEAGE_PANEL } from '../manifest/command-table.ts';
import type { Parts } from '../parts.ts';
import type { LakeTrees } from '../tree/register-trees.ts';
import { healthHost } from './health-host.ts';
import { type LineagePlace, lineageHost } from './lineage-host.ts';
import type { PageDeps } from './page-host.ts';
import { PagePanel } from './page-panel.ts';

export interface Panels {
  readonly disposables: readonly vscode.Disposable[];
  lineage(place: LineagePlace | undefined): void;
  health(dataset: string | undefined): void;
}

const RUNS_LOOKED_AT_MAX = 500;

export function registerPanels(parts: Parts, trees: LakeTrees): Panels {
  const { lake, log, clock, connection } = parts;
  const deps = (post: (message: unknown) => void): PageDeps<unknown> => ({
    lake,
    log,
    nowMs: () => clock.nowMs(),
    connection: () => connection.state,
    post,
    open: (what, id) => void open(what, id),
    openRuns: (dataset, slice) => void openRuns(parts, dataset, slice),
  });
  const lineage = new PagePanel<LineagePlace>(
    {
      viewType: LINEAGE_PANEL,
      title: vscode.l10n.t('Lineage'),
      page: 'lineage',
      icon: 'lakewarden.svg',
      host: (post) => lineageHost(deps(post)),
    },
    parts,
  );
  const health = new PagePanel<string>(
    {
      viewType: HEALTH_PANEL,
      title: vscode.l10n.t('Health'),
      page: 'health',
      icon: 'lakewarden.svg',
      host: (post) => healthHost(deps(post)),
    },
    parts,
  );

  async function open(what: 'dataset' | 'health' | 'lineage' | 'quarantine', id: string): Promise<void> {
    const [dataset = '', slice] = id.split('@');
    const isDataset = lake.datasets.has(dataset);
    if (what === 'lineage')
      return lineage.show({ level: slice === undefined ? 'table' : 'slice', focus: id });
    if (!isDataset) return trees.focus(id.startsWith('source:') ? 'sources' : 'layers');
    if (what === 'health') return health.show(dataset);
    if (what === 'dataset') return await trees.revealDataset(dataset);
    await parts.open({ kind: 'quarantine', about: dataset, ...(slice !== undefined && { of: slice }) });
    parts.did('readQuarantine');
  }

  return {
    disposables: [lineage, health],
    lineage(place) {
      lineage.show(place);
      parts.did('openedLineage');
    },
    health: (dataset) => health.show(dataset),
  };
}

/** The runs that built one slice, to choose from; the newest ones of its dataset are looked at. */
async function openRuns({ lake, log, open }: Parts, dataset: string, slice: string): Promise<void> {
  try {
    const answer = await lake.client?.query('runs', { dataset, limit: RUNS_LOOKED_AT_MAX });
    const found = (answer?.items ?? []).filter(({ slices }) => slices.includes(slice));
    const title = vscode.l10n.t('Runs of {0}', `${dataset}@${slice}`);
    if (found.length === 0)
      return void vscode.window.setStatusBarMessage(
        vscode.l10n.t('{0}: none that is remembered', title),
        8_000,
      );
    const chosen = await vscode.window.showQuickPick(
      found.map((run) => ({
        label: `run ${run.id.slice(0, 8)}`,
        description: `${run.state} · ${run.startedAt}`,
        ...(run.error !== undefined && { detail: plainText(run.error, 160) }),
        run,
      })),
      { title },
    );
    if (chosen !== undefined) await open({ kind: 'run', about: chosen.run.id, of: dataset });
  } catch (error) {
    log.warn(`runs of ${dataset}: ${errorText(error)}`);
    void vscode.window.setStatusBarMessage(`$(warning) ${errorText(error)}`, 8_000);
  }
}
