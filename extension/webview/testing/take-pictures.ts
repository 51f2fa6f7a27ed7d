/**
 * `node extension/webview/testing/take-pictures.ts [folder]`: the pages as people see them, by theme, into
 * `extension/media/pages`. For people to look at: what must hold is in the tests.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium, launchOptions } from '../../../test/support/chromium.ts';
import { type PageServer, startPageServer } from './page-server.ts';
import { retailLineage } from './retail-lineage.ts';
import { retailReport } from './retail-report.ts';
import { retailStatus } from './retail-status.ts';
import { startStatusServer } from './status-server.ts';

const THEMES_SHOWN = ['light', 'dark', 'hc-dark'] as const;
const folder = process.argv[2] ?? join(import.meta.dirname, '../../media/pages');
const STILL = { reducedMotion: 'reduce' } as const;

async function takeLineage(browser: Browser, server: PageServer, theme: (typeof THEMES_SHOWN)[number]) {
  const opened = await server.open(browser, {
    page: 'lineage',
    theme,
    width: 1440,
    height: 620,
    context: STILL,
  });
  await opened.waitFor('ready');
  await opened.send({ type: 'connection', state: 'connected', message: '' });
  const { request } = await opened.waitFor('query');
  await opened.send({ type: 'lineage', request, lineage: retailLineage() });
  await opened.page.locator('.node[data-id="silver.orders"]').click();
  await opened.page.waitForSelector('.details h2');
  await take(opened.page, `lineage-${theme}`);
  await opened.close();
}

async function takeHealth(browser: Browser, server: PageServer, theme: (typeof THEMES_SHOWN)[number]) {
  const opened = await server.open(browser, {
    page: 'health',
    theme,
    width: 1180,
    height: 1080,
    context: STILL,
  });
  await opened.waitFor('ready');
  await opened.send({ type: 'connection', state: 'connected', message: '' });
  await opened.send({ type: 'datasets', datasets: [{ name: 'silver.orders', state: 'failed' }] });
  const { request } = await opened.waitFor('query');
  await opened.send({ type: 'report', request, report: retailReport() });
  await opened.page.waitForSelector('.calendar table');
  await take(opened.page, `health-${theme}`);
  await opened.close();
}

async function takeStatus(browser: Browser) {
  const server = await startStatusServer(retailStatus());
  for (const [name, width] of [
    ['status', 1280],
    ['status-phone', 390],
  ] as const) {
    const context = await browser.newContext({
      ...STILL,
      viewport: { width, height: 844 },
      colorScheme: 'light',
    });
    const page = await context.newPage();
    await page.goto(`${server.url}/#token=${server.token}`);
    await page.waitForSelector('.node');
    await take(page, name, true);
    await context.close();
  }
  await server.close();
}

async function take(page: Page, name: string, fullPage = false): Promise<void> {
  // Lines are painted in the frames after the nodes.
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}

const program = findChromium();
if (program === undefined) process.exitCode = 1;
else {
  await mkdir(folder, { recursive: true });
  const [browser, server] = await Promise.all([chromium.launch(launchOptions(program)), startPageServer()]);
  for (const theme of THEMES_SHOWN) {
    await takeLineage(browser, server, theme);
    await takeHealth(browser, server, theme);
  }
  await takeStatus(browser);
  await browser.close();
  await server.close();
}
