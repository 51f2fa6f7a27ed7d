import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { buildWebviews } from '../../build.ts';
import { pageHtml } from '../../shared/page-html.ts';
import { type Theme, themeNamed } from './themes.ts';

/** Pages as VS Code serves them: the same HTML and policy, the theme's colours, and `acquireVsCodeApi`. */
export interface PageServer {
  open(browser: Browser, options: OpenOptions): Promise<OpenedPage>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly page: 'lineage' | 'health';
  readonly theme?: Theme['name'];
  readonly width?: number;
  readonly height?: number;
  readonly kept?: unknown;
  /** Runs in the page before ours: such as a measure. */
  readonly before?: string;
  readonly context?: BrowserContextOptions;
}

export interface OpenedPage {
  readonly page: Page;
  /** What the page sent, oldest first. */
  sent(): Promise<readonly SentMessage[]>;
  /** Waits for the newest message of a type. */
  waitFor(type: string, after?: number): Promise<SentMessage>;
  send(message: unknown): Promise<void>;
  /** What broke: page errors, refused loads, faults that the page told. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

export type SentMessage = { readonly type: string } & Readonly<Record<string, unknown>>;

interface HostWindow {
  sent: SentMessage[];
  kept: unknown;
}

const NONCE = 'n0nceForTests';

export async function startPageServer(): Promise<PageServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lakewarden-pages-'));
  await buildWebviews(folder);
  const server = createServer(async (request, response) => {
    const name = (request.url ?? '/').slice(1).replace(/\?.*$/, '');
    if (name === 'lineage' || name === 'health') {
      const base = `http://${request.headers.host}`;
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(
        pageHtml({
          title: name,
          nonce: NONCE,
          cspSource: base,
          scriptUri: `${base}/${name}.js`,
          styleUri: `${base}/${name}.css`,
        }),
      );
      return;
    }
    const known = /^(lineage|health)\.(js|css)$/.exec(name);
    if (known === null) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': known[2] === 'js' ? 'text/javascript' : 'text/css' });
    response.end(await readFile(join(folder, name)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    async open(browser, options) {
      const { width = 1280, height = 800 } = options;
      const context = await browser.newContext({ viewport: { width, height }, ...options.context });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      await page.addInitScript(standIn, {
        theme: themeNamed(options.theme ?? 'dark'),
        kept: options.kept,
      });
      if (options.before !== undefined) await page.addInitScript(options.before);
      await page.goto(`${base}/${options.page}`);
      const sent = () => page.evaluate(() => (globalThis as unknown as HostWindow).sent);
      return {
        page,
        problems,
        sent,
        send: (message) => page.evaluate((data) => postMessage(data, '*'), message),
        async waitFor(type, after = 0) {
          await page.waitForFunction(
            ([wanted, from]) =>
              (globalThis as unknown as HostWindow).sent
                .slice(from)
                .some((message) => message.type === wanted),
            [type, after] as const,
          );
          return (await sent()).filter((message) => message.type === type).at(-1) as SentMessage;
        },
        close: () => context.close(),
      };
    },
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs in the page: VS Code's side of it. */
function standIn({ theme, kept }: { theme: Theme; kept: unknown }): void {
  const host = globalThis as unknown as HostWindow & { acquireVsCodeApi: () => unknown };
  host.sent = [];
  host.kept = kept;
  host.acquireVsCodeApi = () => ({
    postMessage: (message: SentMessage) => host.sent.push(message),
    getState: () => host.kept,
    setState: (state: unknown) => {
      host.kept = state;
    },
  });
  const paint = () => {
    for (const [name, color] of Object.entries(theme.colors)) {
      document.documentElement.style.setProperty(`--vscode-${name}`, color);
    }
    document.documentElement.style.setProperty(
      'color-scheme',
      theme.name.includes('light') ? 'light' : 'dark',
    );
    document.body.className = theme.bodyClass;
  };
  if (document.body === null) addEventListener('DOMContentLoaded', paint);
  else paint();
}
