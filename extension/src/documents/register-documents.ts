import * as vscode from 'vscode';
import { errorText } from '../connection/error-words.ts';
import { DOCUMENT_SCHEME, PLAN_SCHEME } from '../manifest/command-table.ts';
import type { Parts } from '../parts.ts';
import { addressParts, type DocumentAddress, parseAddress } from './document-kinds.ts';

/** Kinds that are told again while they are open, as what they tell goes on. */
const LIVE = new Set(['incident', 'backfill', 'run', 'breakers']);
const AGAIN_MS = 1_000;

function uriOf(address: DocumentAddress): vscode.Uri {
  const scheme = address.kind === 'plan' ? PLAN_SCHEME : DOCUMENT_SCHEME;
  return vscode.Uri.from({ scheme, ...addressParts(address) });
}

function addressOf({ path, query }: vscode.Uri): DocumentAddress | undefined {
  return parseAddress(path, query);
}

/** Shows a text of ours, asked for anew when it is open already. */
export async function openDocument(address: DocumentAddress): Promise<void> {
  const uri = uriOf(address);
  const document = await vscode.workspace.openTextDocument(uri);
  asked.fire(uri);
  await vscode.window.showTextDocument(document, { preview: true });
}

const asked = new vscode.EventEmitter<vscode.Uri>();

export function registerDocuments(parts: Parts): readonly vscode.Disposable[] {
  const provider = new LakeDocumentProvider(parts);
  let takeBack: (() => void) | undefined;
  const againSoon = () => {
    takeBack ??= parts.clock.later(AGAIN_MS, () => {
      takeBack = undefined;
      for (const { uri } of vscode.workspace.textDocuments) {
        const kind = isOurs(uri) ? addressOf(uri)?.kind : undefined;
        if (kind !== undefined && LIVE.has(kind)) asked.fire(uri);
      }
    });
  };
  return [
    vscode.workspace.registerTextDocumentContentProvider(PLAN_SCHEME, provider),
    vscode.workspace.registerTextDocumentContentProvider(DOCUMENT_SCHEME, provider),
    vscode.languages.registerCodeLensProvider({ scheme: PLAN_SCHEME }, new PlanLenses()),
    parts.lake.onChange(({ topics }) => {
      if (topics.has('incidents') || topics.has('backfills') || topics.has('executions')) againSoon();
    }),
    new vscode.Disposable(() => takeBack?.()),
  ];
}

function isOurs({ scheme }: vscode.Uri): boolean {
  return scheme === PLAN_SCHEME || scheme === DOCUMENT_SCHEME;
}

class LakeDocumentProvider implements vscode.TextDocumentContentProvider {
  readonly #parts: Parts;
  readonly onDidChange = asked.event;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const address = addressOf(uri);
    if (address === undefined) return 'There is no such text of Lakewarden.\n';
    const { lake, plans, clock, log } = this.#parts;
    const { client } = lake;
    if (client === undefined) {
      const known = address.kind === 'plan' ? plans.get(address.about) : undefined;
      if (known === undefined)
        return `${vscode.l10n.t('No agent is connected. Open this again when one is.')}\n`;
      return `${(await import('../later.ts')).planLines(known, clock.nowMs()).join('\n')}\n`;
    }
    const left = new AbortController();
    const stop = token.onCancellationRequested(() => left.abort());
    try {
      const { renderDocument } = await import('../later.ts');
      return await renderDocument(address, { client, lake, plans, nowMs: clock.nowMs() }, left.signal);
    } catch (error) {
      log.warn(`${address.kind} ${address.about}: ${errorText(error)}`);
      return `${address.kind} ${address.about}\n\n${errorText(error)}\n`;
    } finally {
      stop.dispose();
    }
  }
}

/** Above a plan: what can be done with it. */
class PlanLenses implements vscode.CodeLensProvider {
  provideCodeLenses({ uri }: vscode.TextDocument): vscode.CodeLens[] {
    const address = addressOf(uri);
    if (address?.kind !== 'plan') return [];
    const top = new vscode.Range(0, 0, 0, 0);
    return [
      new vscode.CodeLens(top, {
        command: 'lakewarden.apply',
        title: `$(play) ${vscode.l10n.t('Apply this plan')}`,
        arguments: [{ plan: address.about }],
      }),
    ];
  }
}
