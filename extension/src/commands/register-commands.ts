import * as vscode from 'vscode';
import type { ActRunner } from '../acts/act-runner.ts';
import { editorAsk } from '../acts/editor-ask.ts';
import { errorText } from '../connection/error-words.ts';
import { ACTION_COMMANDS, commandId, type ViewCommandName } from '../manifest/command-table.ts';
import type { Panels } from '../panels/register-panels.ts';
import type { Parts } from '../parts.ts';
import type { LakeTrees } from '../tree/register-trees.ts';
import { diagnosticsText } from './diagnostics-text.ts';
import { argumentOf, type CommandArgument, commandLineOf, datasetOf, focusOf, nameOf } from './subject-of.ts';

type ActionName = keyof typeof ACTION_COMMANDS;

export interface CommandParts extends Parts {
  readonly trees: LakeTrees;
  readonly panels: Panels;
  /** Loaded when the first act is asked for. */
  acts(): Promise<ActRunner>;
}

/** Commands that are registered by the feature that they belong to. */
type ElsewhereName = 'connect' | 'reconnect' | 'signIn' | 'signOut' | 'startLocal' | 'checkPipeline';

/** Each command of the tables: an action of the catalogue, or one that looks. */
export function registerCommands(parts: CommandParts): readonly vscode.Disposable[] {
  const guarded = (run: (argument: CommandArgument) => unknown) => async (value?: unknown) => {
    try {
      void parts.connection.start();
      await run(argumentOf(value));
    } catch (error) {
      parts.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      void vscode.window.showErrorMessage(errorText(error));
    }
  };
  const acts = (Object.keys(ACTION_COMMANDS) as ActionName[]).map((name) =>
    vscode.commands.registerCommand(
      commandId(name),
      guarded(async ({ input = {}, ...subject }) => (await parts.acts()).run(name, subject, input)),
    ),
  );
  const looks = Object.entries(looksOf(parts)).map(([name, run]) =>
    vscode.commands.registerCommand(commandId(name as ViewCommandName), guarded(run)),
  );
  return [...acts, ...looks];
}

type Look = (argument: CommandArgument) => unknown;

function looksOf(parts: CommandParts): Readonly<Record<Exclude<ViewCommandName, ElsewhereName>, Look>> {
  const { open, panels, trees, lake } = parts;
  const needDataset = async (argument: CommandArgument) =>
    datasetOf(argument) ?? (await pickDataset(parts, ''));
  const of = ({ slice }: CommandArgument) => (slice === undefined ? {} : { of: slice });
  const copy = async (text: string | undefined) => {
    if (text === undefined) return;
    await vscode.env.clipboard.writeText(text);
    vscode.window.setStatusBarMessage(`$(clippy) ${text.split('\n')[0]}`, 4_000);
  };
  return {
    openLineage(argument) {
      const focus = focusOf(argument);
      if (focus === undefined) return panels.lineage({ level: 'table' });
      panels.lineage({ level: focus.includes('@') ? 'slice' : 'table', focus });
    },
    async openHealth(argument) {
      const dataset = await needDataset(argument);
      if (dataset !== undefined) panels.health(dataset);
    },
    async showRows(argument) {
      const about = await needDataset(argument);
      if (about !== undefined) await open({ kind: 'rows', about, ...of(argument) });
    },
    async showQuarantine(argument) {
      const about = datasetOf(argument) ?? (await pickDataset(parts, 'silver.'));
      if (about === undefined) return;
      await open({ kind: 'quarantine', about, ...of(argument) });
      parts.did('readQuarantine');
    },
    async showDuplicates(argument) {
      const about = datasetOf(argument) ?? (await pickDataset(parts, 'silver.'));
      if (about !== undefined) await open({ kind: 'duplicates', about, ...of(argument) });
    },
    async showBlame(argument) {
      const { slice, dataset } = argument;
      const whole = dataset !== undefined && slice !== undefined ? `${dataset}@${slice}` : slice;
      const about =
        whole ??
        (await editorAsk.text(vscode.l10n.t('Which slice?'), { placeholder: 'silver.orders@2011-11-11' }));
      if (about !== undefined) await open({ kind: 'blame', about });
    },
    async showRun({ run, dataset }) {
      if (run !== undefined)
        await open({ kind: 'run', about: run, ...(dataset !== undefined && { of: dataset }) });
    },
    async showBackfill({ backfill }) {
      if (backfill !== undefined) await open({ kind: 'backfill', about: backfill });
    },
    async showPlan({ plan }) {
      const about = plan ?? (await pickPlan(parts));
      if (about !== undefined) await open({ kind: 'plan', about });
    },
    async showIncident({ incident }) {
      if (incident !== undefined) await open({ kind: 'incident', about: incident });
    },
    async showRunbook({ runbook }) {
      if (runbook !== undefined) await open({ kind: 'runbook', about: runbook });
    },
    showAudit: () => open({ kind: 'audit', about: '' }),
    showBreakers: () => open({ kind: 'breakers', about: '' }),
    copyName: (argument) => copy(nameOf(argument)),
    copyCommand: (argument) => copy(commandLineOf(argument, stateOf(argument, parts))),
    filterFailed: () => trees.setFilter('failed'),
    showAll: () => trees.setFilter('all'),
    showMore: ({ focus }) => (focus === undefined ? undefined : trees.more(focus)),
    async refresh() {
      const view = { viewId: 'lakewarden.layers' };
      await vscode.window.withProgress({ location: view }, async () => {
        await lake.load();
        for (const name of lake.datasets.keys()) parts.slices.refresh(name);
      });
      trees.refresh();
    },
    focusIncidents: () => trees.focus('incidents'),
    openLog: () => parts.log.show(true),
    openSettings: () => vscode.commands.executeCommand('workbench.action.openSettings', 'lakewarden.'),
    openWalkthrough: () =>
      vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${parts.context.extension.id}#start`,
        false,
      ),
    copyDiagnostics: () => copy(diagnosticsText(parts)),
  };
}

async function pickDataset({ lake }: Parts, prefix: string): Promise<string | undefined> {
  const choices = [...lake.datasets.values()]
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, state }) => ({ label: name, description: state, value: name }));
  return await editorAsk.pick(vscode.l10n.t('Which dataset?'), choices);
}

async function pickPlan({ plans }: Parts): Promise<string | undefined> {
  const choices = plans
    .list()
    .map(({ hash, title }) => ({ label: title, description: hash.slice(0, 12), value: hash }));
  if (choices.length > 0) return await editorAsk.pick(vscode.l10n.t('Which plan?'), choices);
  return await editorAsk.text(vscode.l10n.t('Which plan? Its hash, or the first digits'), {
    problem: (text) =>
      /^[0-9a-f]{4,64}$/.test(text) ? undefined : vscode.l10n.t('A hash is made of 0-9 and a-f'),
  });
}

function stateOf({ dataset, slice }: CommandArgument, { lake, slices }: Parts): string | undefined {
  if (dataset === undefined) return undefined;
  if (slice === undefined) return lake.datasets.get(dataset)?.state;
  return slices.peek(dataset, 'all')?.items.find(({ key }) => key === slice)?.state;
}
