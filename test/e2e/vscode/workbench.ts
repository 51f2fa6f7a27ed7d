import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { launchOptions } from '../../support/chromium.ts';
import { CodeServerProcess } from './code-server.ts';

export interface WorkbenchOptions {
  /** Path of a Chrome or Chromium. */
  readonly browser: string;
  /** Folder that is opened. */
  readonly workspace: string;
  /** Extension in development: its folder. */
  readonly extension?: string | undefined;
  readonly vsix?: string | undefined;
  /** Module that exports `run()`: the extension host runs it and ends. */
  readonly suite?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  readonly viewport?: { readonly width: number; readonly height: number } | undefined;
}

const WORKBENCH_MS_MAX = 120_000;

/** A real VS Code workbench in a browser, over a code-server of its own. */
export class Workbench {
  readonly page: Page;
  /** What the browser's console called an error. */
  readonly pageErrors: readonly string[];
  /** Settles with the exit code when the suite's extension host has ended; a code alone is no proof that it ran. */
  readonly suiteExit: Promise<number>;
  readonly #server: CodeServerProcess;
  readonly #context: BrowserContext;

  private constructor(
    server: CodeServerProcess,
    context: BrowserContext,
    page: Page,
    pageErrors: readonly string[],
    suiteExit: Promise<number>,
  ) {
    this.#server = server;
    this.#context = context;
    this.page = page;
    this.pageErrors = pageErrors;
    this.suiteExit = suiteExit;
  }

  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const { vsix, env, settings } = options;
    const server = await CodeServerProcess.start({ vsix, env, settings });
    try {
      const context = await chromium.launchPersistentContext(join(server.root, 'browser'), {
        ...launchOptions(options.browser),
        viewport: options.viewport ?? { width: 1280, height: 800 },
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const page = context.pages()[0] ?? (await context.newPage());
      const pageErrors: string[] = [];
      page.on('pageerror', (error) => pageErrors.push(error.message));
      const suiteExit = Promise.withResolvers<number>();
      // VS Code calls these when its extension host has run the suite.
      await page.exposeFunction('codeAutomationLog', () => undefined);
      await page.exposeFunction('codeAutomationExit', suiteExit.resolve);
      const development = developmentOptions(options, new URL(server.url).host);
      await page.addInitScript({ content: injection(development) });
      await page.goto(addressOf(server.url, options.workspace), { waitUntil: 'domcontentloaded' });
      const workbench = new Workbench(server, context, page, pageErrors, suiteExit.promise);
      await page.locator('.monaco-workbench .activitybar').waitFor({ timeout: WORKBENCH_MS_MAX });
      return workbench;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#context.close().catch(() => undefined);
    await this.#server.stop();
  }
}

function addressOf(url: string, workspace: string): string {
  const payload = JSON.stringify([['skipWelcome', 'true']]);
  return `${url}/?folder=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(payload)}`;
}

function developmentOptions({ extension, suite }: WorkbenchOptions, host: string): object {
  const uri = (path: string) => ({ $mid: 1, scheme: 'vscode-remote', authority: host, path });
  return {
    ...(extension !== undefined && { extensions: [uri(extension)] }),
    ...(suite !== undefined && { extensionTestsPath: uri(suite) }),
  };
}

/**
 * VS Code's own option of embedders, put into the configuration of the page before its scripts read it. The option in the
 * address is read only with the smoke test driver, which hides notifications.
 */
function injection(development: object): string {
  return `if (window === window.top) {
    document.addEventListener('readystatechange', () => {
      const element = document.getElementById('vscode-workbench-web-configuration');
      if (document.readyState !== 'interactive' || element === null) return;
      const configuration = JSON.parse(element.getAttribute('data-settings') ?? '{}');
      Object.assign((configuration.developmentOptions ??= {}), ${JSON.stringify(development)});
      element.setAttribute('data-settings', JSON.stringify(configuration));
    });
  }`;
}
