import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from '../../shared/page-html.ts';
import type { Parts } from '../parts.ts';
import type { PageHost } from './page-host.ts';

export interface PageOptions<Show> {
  readonly viewType: string;
  readonly title: string;
  /** `lineage`: `dist/webview/lineage.js` and `.css`. */
  readonly page: string;
  readonly icon: string;
  host(post: (message: unknown) => void): PageHost<Show>;
}

/** One panel of a kind, kept while somebody has it open; comes back when the window is loaded again. */
export class PagePanel<Show> implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #options: PageOptions<Show>;
  readonly #parts: Parts;
  #open: { readonly panel: vscode.WebviewPanel; readonly host: PageHost<Show> } | undefined;
  readonly #stops: readonly vscode.Disposable[];

  constructor(options: PageOptions<Show>, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#stops = [
      vscode.window.registerWebviewPanelSerializer(options.viewType, this),
      parts.lake.onChange((change) => this.#open?.host.changed(change)),
      parts.connection.onChange((state) => this.#open?.host.connection(state)),
    ];
  }

  show(what: Show | undefined): void {
    void this.#parts.connection.start();
    if (this.#open === undefined) {
      const { viewType, title } = this.#options;
      this.#adopt(vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active));
    } else {
      this.#open.panel.reveal();
    }
    if (what !== undefined) this.#open?.host.show(what);
  }

  /** The window was loaded again; the page keeps its own place. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    void this.#parts.connection.start();
    this.#open?.panel.dispose();
    this.#adopt(panel);
  }

  #adopt(panel: vscode.WebviewPanel): void {
    const { page, title, icon } = this.#options;
    const root = vscode.Uri.joinPath(this.#parts.context.extensionUri, 'dist', 'webview');
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [root] };
    const host = this.#options.host((message) => void webview.postMessage(message));
    const stops = [webview.onDidReceiveMessage((message: unknown) => host.receive(message))];
    panel.onDidDispose(() => {
      for (const stop of stops) stop.dispose();
      host.dispose();
      if (this.#open?.panel === panel) this.#open = undefined;
    });
    panel.iconPath = vscode.Uri.joinPath(this.#parts.context.extensionUri, 'media', icon);
    this.#open = { panel, host };
    const url = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(root, file)).toString();
    webview.html = pageHtml({
      title,
      scriptUri: url(`${page}.js`),
      styleUri: url(`${page}.css`),
      cspSource: webview.cspSource,
      nonce: randomBytes(18).toString('base64'),
    });
  }

  dispose(): void {
    this.#open?.panel.dispose();
    for (const stop of this.#stops) stop.dispose();
  }
}
