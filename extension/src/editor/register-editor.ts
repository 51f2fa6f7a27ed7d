import * as vscode from 'vscode';
import { plainText } from '../../shared/plain-text.ts';
import { STATES } from '../../shared/states.ts';
import { behindText, countText } from '../../shared/words.ts';
import type { Parts, Register } from '../parts.ts';
import { datasetCard, sourceCard } from '../tree/cards.ts';
import { cardMarkdown } from '../tree/lake-tree-data-provider.ts';
import { sourceText } from '../tree/source-nodes.ts';
import { FileChecks } from './file-checks.ts';
import { type OutlineItem, pipelineOutline, targetAt } from './pipeline-outline.ts';

const PIPELINE_FILES: vscode.DocumentSelector = { scheme: 'file', pattern: '**/pipeline.yaml' };
const SQL_FILES: vscode.DocumentSelector = { scheme: 'file', language: 'sql' };
const LENSES_MS = 1_000;

export const registerEditor: Register = (parts) => {
  const lenses = new PipelineLenses(parts);
  const hovers = new DatasetHovers(parts);
  const checks = new FileChecks(parts.log);
  return [
    lenses,
    checks,
    vscode.languages.registerCodeLensProvider(PIPELINE_FILES, lenses),
    vscode.languages.registerHoverProvider(
      [PIPELINE_FILES, SQL_FILES].flat() as vscode.DocumentFilter[],
      hovers,
    ),
    vscode.commands.registerCommand('lakewarden.checkPipeline', () => checks.checkActive()),
  ];
};

/** Above each dataset of a pipeline file: how it is, and what can be done about it. */
class PipelineLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #parts: Parts;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #stops: readonly { dispose(): void }[];
  #takeBack: (() => void) | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const soon = () => {
      this.#takeBack ??= parts.clock.later(LENSES_MS, () => {
        this.#takeBack = undefined;
        this.#changed.fire();
      });
    };
    this.#stops = [
      parts.lake.onChange(({ topics }) => {
        if (topics.has('datasets') || topics.has('sources')) soon();
      }),
      parts.connection.onChange(soon),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const isOn = vscode.workspace.getConfiguration('lakewarden', document).get('codeLens', true);
    if (!isOn || this.#parts.connection.state.kind !== 'connected') return [];
    return pipelineOutline(document.getText()).flatMap((item) => this.#lensesOf(item));
  }

  #lensesOf(item: OutlineItem): vscode.CodeLens[] {
    const { target, line, column, length } = item;
    const place = new vscode.Range(line, column, line, column + length);
    const lens = (title: string, command: string, argument: object) =>
      new vscode.CodeLens(place, { title, command: `lakewarden.${command}`, arguments: [argument] });
    const { lake, clock } = this.#parts;
    if (item.kind === 'source') {
      const source = lake.sources.get(target.slice('source:'.length));
      if (source === undefined) return [];
      const { icon } = STATES[source.state];
      return [lens(`$(${icon}) ${sourceText(source, clock.nowMs())}`, 'openLineage', { focus: target })];
    }
    const dataset = lake.datasets.get(target);
    if (dataset === undefined) return [];
    return [
      lens(`$(${STATES[dataset.state].icon}) ${stateText(dataset)}`, 'openHealth', { dataset: target }),
      lens(vscode.l10n.t('plan a backfill'), 'backfill', { dataset: target }),
      lens(vscode.l10n.t('open lineage'), 'openLineage', { focus: target }),
      lens(vscode.l10n.t('first 100 rows'), 'showRows', { dataset: target }),
    ];
  }

  dispose(): void {
    this.#takeBack?.();
    for (const stop of this.#stops) stop.dispose();
    this.#changed.dispose();
  }
}

function stateText(dataset: NonNullable<ReturnType<Parts['lake']['datasets']['get']>>): string {
  const { state, counts, slices, why, behindMs } = dataset;
  const count = counts[state] ?? 0;
  const of = count > 0 && count < slices ? [`${state} ${countText(count)} of ${countText(slices)}`] : [state];
  return [
    ...of,
    ...(behindMs === undefined ? [] : [behindText(behindMs)]),
    ...(why === '' ? [] : [plainText(why, 80)]),
  ].join(' · ');
}

/** Over a dataset in a pipeline file or a query: its health. */
class DatasetHovers implements vscode.HoverProvider {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async provideHover(
    document: vscode.TextDocument,
    { line, character }: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const { lake, clock } = this.#parts;
    if (lake.overview === undefined) return undefined;
    const outline = document.languageId === 'sql' ? [] : pipelineOutline(document.getText());
    const item = targetAt(outline, line, document.lineAt(line).text, character);
    if (item === undefined) return undefined;
    const place = new vscode.Range(line, item.column, line, item.column + item.length);
    const source = item.kind === 'source' ? lake.sources.get(item.target.slice('source:'.length)) : undefined;
    if (source !== undefined) return new vscode.Hover(cardMarkdown(sourceCard(source, clock.nowMs())), place);
    const dataset = lake.datasets.get(item.target);
    if (dataset === undefined) return undefined;
    const left = new AbortController();
    const stop = token.onCancellationRequested(() => left.abort());
    try {
      const runs = await lake.client
        ?.query('runs', { dataset: dataset.name, limit: 3 }, left.signal)
        .catch(() => undefined);
      return new vscode.Hover(cardMarkdown(datasetCard(dataset, runs?.items, clock.nowMs())), place);
    } finally {
      stop.dispose();
    }
  }
}
