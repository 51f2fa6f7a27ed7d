import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { visibleText } from '../documents/visible-text.ts';
import { groupBy } from '../models/group-by.ts';
import type { ModelLog } from '../models/model-ports.ts';
import { checkFile, validatorOf } from './check-file.ts';
import type { FileProblem } from './read-problems.ts';
import { findWorkspaceAgent } from './workspace-agent.ts';

const WAIT_MS = 300;
const MESSAGE_CHARS_MAX = 1_000;

/**
 * Problems of pipeline files and runbooks as the agent's own validator finds them: on open and on save, a little later,
 * a newer check ending the older one. It runs code of the workspace, so only in a trusted one.
 */
export class FileChecks implements vscode.Disposable {
  readonly #log: ModelLog;
  readonly #problems = vscode.languages.createDiagnosticCollection('lakewarden');
  readonly #checks = new Map<string, { readonly abort: AbortController; files: readonly vscode.Uri[] }>();
  readonly #stops: readonly vscode.Disposable[];
  readonly #told = new Set<string>();

  constructor(log: ModelLog) {
    this.#log = log;
    const { workspace } = vscode;
    this.#stops = [
      workspace.onDidOpenTextDocument((document) => this.#checkSoon(document)),
      workspace.onDidSaveTextDocument((document) => this.#saved(document)),
      workspace.onDidCloseTextDocument(({ uri }) => this.#forget(uri)),
      workspace.onDidGrantWorkspaceTrust(() => this.#checkOpen()),
    ];
    this.#checkOpen();
  }

  /** The file that somebody looks at, or each that is open. */
  async checkActive(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      await vscode.commands.executeCommand('workbench.trust.manage');
      return;
    }
    const document = vscode.window.activeTextEditor?.document;
    if (document !== undefined && validatorOf(document.uri.fsPath) !== undefined) await this.#check(document);
    else this.#checkOpen();
    await vscode.commands.executeCommand('workbench.actions.view.problems');
  }

  dispose(): void {
    for (const { abort } of this.#checks.values()) abort.abort();
    for (const stop of this.#stops) stop.dispose();
    this.#problems.dispose();
  }

  #checkOpen(): void {
    for (const document of vscode.workspace.textDocuments) this.#checkSoon(document);
  }

  /** A query that a pipeline file names is part of it. */
  #saved(document: vscode.TextDocument): void {
    this.#checkSoon(document);
    if (document.languageId !== 'sql' && !document.uri.path.endsWith('.sql')) return;
    for (const other of vscode.workspace.textDocuments)
      if (validatorOf(other.uri.fsPath) === 'pipeline') this.#checkSoon(other);
  }

  #checkSoon(document: vscode.TextDocument): void {
    const { uri } = document;
    if (uri.scheme !== 'file' || validatorOf(uri.fsPath) === undefined || !vscode.workspace.isTrusted) return;
    if (!vscode.workspace.getConfiguration('lakewarden', uri).get('checkFiles', true)) return;
    this.#check(document).catch((error: unknown) =>
      this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  }

  async #check(document: vscode.TextDocument): Promise<void> {
    const { uri } = document;
    const key = uri.toString();
    const before = this.#checks.get(key);
    before?.abort.abort();
    const check = { abort: new AbortController(), files: before?.files ?? [] };
    this.#checks.set(key, check);
    const { signal } = check.abort;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
    if (signal.aborted || folder === undefined) return;
    const nodePath = vscode.workspace.getConfiguration('lakewarden').get('nodePath', '');
    const agent = findWorkspaceAgent(uri.fsPath, folder, nodePath, existsSync, process.platform);
    if (agent === undefined) {
      return this.#tellOnce(`${uri.fsPath} is not checked: the workspace has no Lakewarden installed`);
    }
    const found = await checkFile({ path: uri.fsPath, text: document.getText() }, agent, signal);
    if (signal.aborted || found.kind === 'cancelled') return;
    if (found.kind === 'notChecked') return this.#log.warn(`${uri.fsPath} is not checked: ${found.why}`);
    for (const file of check.files) this.#problems.delete(file);
    check.files = this.#show(uri, found.problems);
  }

  #show(checked: vscode.Uri, problems: readonly FileProblem[]): readonly vscode.Uri[] {
    const folder = dirname(checked.fsPath);
    const byFile = groupBy(problems, ({ file }) => (isAbsolute(file) ? file : join(folder, file)));
    if (!byFile.has(checked.fsPath)) this.#problems.set(checked, []);
    return [...byFile].map(([path, of]) => {
      const uri = vscode.Uri.file(path);
      this.#problems.set(uri, of.map(diagnosticOf));
      return uri;
    });
  }

  #forget(uri: vscode.Uri): void {
    const check = this.#checks.get(uri.toString());
    if (check === undefined) return;
    check.abort.abort();
    for (const file of [uri, ...check.files]) this.#problems.delete(file);
    this.#checks.delete(uri.toString());
  }

  #tellOnce(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#log.info(text);
  }
}

function diagnosticOf({ line, column, message, isWhole }: FileProblem): vscode.Diagnostic {
  const start = new vscode.Position(line, isWhole ? 0 : column);
  const range = new vscode.Range(start, start.translate(0, isWhole ? 0 : 1));
  const diagnostic = new vscode.Diagnostic(range, visibleText(message, MESSAGE_CHARS_MAX));
  diagnostic.source = 'lakewarden';
  return diagnostic;
}
