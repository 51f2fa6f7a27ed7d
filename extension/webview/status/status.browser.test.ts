import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchOptions } from '../../../test/support/chromium.ts';
import { seriousFaults } from '../testing/axe.ts';
import { retailStatus } from '../testing/retail-status.ts';
import { type StatusServer, startStatusServer } from '../testing/status-server.ts';

const program = findChromium();
let browser: Browser;
let server: StatusServer;
let problems: string[];

describe.runIf(program !== undefined)('the status page in a browser', () => {
  beforeAll(async () => {
    [browser, server] = await Promise.all([
      chromium.launch(launchOptions(program as string)),
      startStatusServer(retailStatus()),
    ]);
  });
  afterEach(() => {
    server.answers = retailStatus();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    problems = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(`${server.url}/${path}`);
    return page;
  }

  it('takes the token from the fragment, wipes it, and answers the question in its first line', async () => {
    const page = await open(`#token=${server.token}`);
    await page.getByRole('heading', { name: 'Silver is failed · gold 3 min behind · 1 incident' }).waitFor();
    await page.waitForSelector('.node');
    expect(page.url()).toBe(`${server.url}/`);
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
    expect(await page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, '']);
    // The token goes nowhere but into the header.
    expect(server.asked.join(' ')).not.toContain(server.token);
    expect(problems).toEqual([]);
    await page.reload();
    await page.waitForSelector('.card');
    await page.context().close();
  });

  it('asks for a token without one, and again when the agent does not know it', async () => {
    const page = await open('');
    const field = page.getByLabel('Token of a viewer');
    await field.fill('rubbish<>');
    await page.keyboard.press('Enter');
    await page.getByText('This is no token').waitFor();
    await page.getByLabel('Token of a viewer').fill('lw1.somebody.elses');
    await page.keyboard.press('Enter');
    await page.getByText('The agent does not know this token').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.getByLabel('Token of a viewer').fill(server.token);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.card');
    expect(await seriousFaults(page)).toEqual([]);
    await page.context().close();
  });

  it('says so when the agent answers rubbish', async () => {
    server.answers = { ...retailStatus(), overview: { layers: 'all' } };
    const page = await open(`#token=${server.token}`);
    await page.getByText('answer.layers is not a list').waitFor();
    await page.context().close();
  });

  it('shows hostile words as text, and lets no HTML be made of text at all', async () => {
    const { overview, ...rest } = retailStatus();
    const bad = '<img src=x onerror="globalThis.pwned=1">';
    const lineage = { ...rest.lineage, nodes: rest.lineage.nodes.map((node) => ({ ...node, label: bad })) };
    const layers = (overview as { layers: object[] }).layers.map((layer) => ({ ...layer, why: bad }));
    server.answers = { ...rest, lineage, overview: { ...(overview as object), layers } };
    const page = await open(`#token=${server.token}`);
    await page.waitForSelector('.node');
    expect(await page.locator('.why').first().textContent()).toBe(bad);
    const seen = await page.evaluate(() => {
      try {
        document.createElement('div').innerHTML = '<b>x</b>';
        return 'made';
      } catch (error) {
        return (error as Error).name;
      }
    });
    expect([seen, await page.evaluate(() => document.images.length)]).toEqual(['TypeError', 0]);
    await page.context().close();
  });

  it.each([
    ['light', 1_280, 'no-preference'],
    ['dark', 1_280, 'no-preference'],
    ['light', 390, 'no-preference'],
    ['dark', 390, 'no-preference'],
    ['dark', 1_280, 'more'],
    ['light', 1_280, 'more'],
  ] as const)(
    'has no serious fault for axe-core: %s, %i px wide, contrast %s',
    async (colorScheme, width, contrast) => {
      const viewport = { width, height: 844 };
      const page = await open(`#token=${server.token}`, {
        colorScheme,
        viewport,
        contrast,
        reducedMotion: 'reduce',
      });
      await page.waitForSelector('.node');
      expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await page.context().close();
    },
  );

  it('is seen in forced colours', async () => {
    const page = await open(`#token=${server.token}`, { forcedColors: 'active' });
    await page.waitForSelector('.node');
    expect(await seriousFaults(page)).toEqual([]);
    await page.context().close();
  });
});
