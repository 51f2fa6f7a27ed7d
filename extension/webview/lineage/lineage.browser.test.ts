import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchOptions } from '../../../test/support/chromium.ts';
import { seriousFaults } from '../testing/axe.ts';
import {
  type OpenedPage,
  type OpenOptions,
  type PageServer,
  startPageServer,
} from '../testing/page-server.ts';
import { largeLineage, retailLineage } from '../testing/retail-lineage.ts';
import { THEMES } from '../testing/themes.ts';

const program = findChromium();
let browser: Browser;
let server: PageServer;

describe.runIf(program !== undefined)('the lineage page in a browser', () => {
  beforeAll(async () => {
    [browser, server] = await Promise.all([
      chromium.launch(launchOptions(program as string)),
      startPageServer(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** As the host does: it connects, and answers the first question. */
  async function open(options: Partial<OpenOptions> = {}, lineage = retailLineage()): Promise<OpenedPage> {
    const opened = await server.open(browser, {
      page: 'lineage',
      ...options,
      context: { reducedMotion: 'reduce', ...options.context },
    });
    await opened.waitFor('ready');
    await opened.send({ type: 'connection', state: 'connected', message: '' });
    const { request } = await opened.waitFor('query');
    await opened.send({ type: 'lineage', request, lineage });
    await opened.page.waitForSelector('.node');
    return opened;
  }

  const nameOfFocused = ({ page }: OpenedPage) =>
    page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.id);
  const press = async (opened: OpenedPage, ...keys: readonly string[]) => {
    for (const key of keys) {
      await opened.page.keyboard.press(key);
      // Two frames: the node is made in one and focused in the same; what follows sees it.
      await opened.page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
    }
  };
  const current = ({ page }: OpenedPage) =>
    page.evaluate(() => document.querySelector<HTMLElement>('.node[aria-current]')?.dataset.id);

  it('is walked by keys: along edges, down a column, to what failed, into a focus and back', async () => {
    const opened = await open();
    await press(opened, 'f');
    expect(await nameOfFocused(opened)).toBe('source:vendors');
    await press(opened, 'ArrowRight');
    expect(await nameOfFocused(opened)).toBe('bronze.vendors');
    await press(opened, 'ArrowUp', 'Home');
    const top = await nameOfFocused(opened);
    await press(opened, 'ArrowUp');
    expect(await nameOfFocused(opened)).toBe(top);
    await press(opened, 'f', 'f');
    expect(await current(opened)).toBe('silver.orders');
    await press(opened, '/');
    await opened.page.keyboard.type('silver ord');
    await press(opened, 'Enter');
    expect(await nameOfFocused(opened)).toBe('silver.orders');

    await press(opened, 'Enter');
    const query = await opened.waitFor('query', 2);
    expect(query).toMatchObject({ level: 'table', focus: 'silver.orders', depth: 2 });
    await opened.page.waitForFunction(() => document.querySelectorAll('.node').length === 10);
    expect(await nameOfFocused(opened)).toBe('silver.orders');
    expect(await opened.page.locator('[role=status]').allTextContents()).toContain(
      'Focus on orders, 10 nodes',
    );

    await press(opened, 'Enter');
    expect(await opened.waitFor('open')).toEqual({ type: 'open', id: 'silver.orders', what: 'dataset' });
    await press(opened, 'Escape');
    await opened.page.waitForFunction(() => document.querySelectorAll('.node').length > 10);
    expect(opened.problems).toEqual([]);
    await opened.close();
  });

  it('focuses on a click, opens on a second one, and cancels the question that is overtaken', async () => {
    const opened = await open();
    await opened.page.locator('.node[data-id="silver.orders"]').dblclick();
    expect(await opened.waitFor('open')).toMatchObject({ id: 'silver.orders', what: 'dataset' });
    await opened.page.waitForFunction(() => document.querySelectorAll('.node').length === 10);
    await opened.page.locator('.node[data-id="gold.daily_sales"]').click();
    const second = await opened.waitFor('query', 3);
    expect(second).toMatchObject({ focus: 'gold.daily_sales' });
    const sent = await opened.sent();
    const overtaken = sent.find(({ type, focus }) => type === 'query' && focus === 'silver.orders');
    expect(sent).toContainEqual({ type: 'cancel', request: overtaken?.request });
    // A late answer to what nobody waits for any more changes nothing.
    const none = { level: 'table', nodes: [], edges: [], truncated: false };
    await opened.send({ type: 'lineage', request: overtaken?.request, lineage: none });
    await press(opened, 'ArrowLeft');
    expect(await current(opened)).toBe('silver.orders');
    expect(opened.problems).toEqual([]);
    await opened.close();
  });

  it('tells what changes while it is watched', async () => {
    const opened = await open();
    await press(opened, '/');
    await opened.page.keyboard.type('silver ord');
    await press(opened, 'Enter');
    await opened.send({
      type: 'changed',
      nodes: [{ id: 'silver.orders', state: 'fresh', why: '', rows: 535_190, behindMs: 1_000 }],
    });
    await opened.page.waitForSelector('.node[data-state="fresh"][data-id="silver.orders"]');
    await opened.page.waitForFunction(() =>
      [...document.querySelectorAll('[role=status]')].some(
        ({ textContent }) => textContent === 'orders is fresh now',
      ),
    );
    await opened.close();
  });

  it('shows hostile names as the text that they are, cut, and nothing runs', async () => {
    const hostile = retailLineage();
    const bad = '<img src=x onerror="globalThis.pwned=1">';
    const nodes = hostile.nodes.map((node, at) => ({
      ...node,
      label:
        [bad, 'x'.repeat(1_000_000), 'a\u202egnp.exe', '</button><script>pwned=1</script>'][at % 4] ?? '',
      why: `${bad}${'y'.repeat(1_000_000)}`,
    }));
    const opened = await open({}, { ...hostile, nodes });
    await press(opened, 'f');
    await opened.page.waitForSelector('.details h2');
    const seen = await opened.page.evaluate(() => ({
      pwned: 'pwned' in globalThis,
      images: document.images.length,
      scripts: document.scripts.length,
      longest: Math.max(...[...document.querySelectorAll('.label')].map((label) => label.textContent.length)),
      text: [...document.querySelectorAll('.label')].map((label) => label.textContent).join('|'),
      wide: document.documentElement.scrollWidth > innerWidth,
    }));
    expect(seen).toMatchObject({ pwned: false, images: 0, scripts: 1, longest: 80, wide: false });
    expect(seen.text).toContain('<img src=x onerror=');
    expect(seen.text).not.toContain('\u202e');
    expect(opened.problems).toEqual([]);
    await opened.close();
  });

  it('refuses messages that it does not understand, and tells the log', async () => {
    const opened = await open();
    await opened.send({ type: 'lineage', request: 1, lineage: { level: 'table', nodes: [{ id: 7 }] } });
    expect((await opened.waitFor('fault')).message).toBe(
      'not understood: message.lineage.nodes[0].id is not a name',
    );
    expect(await opened.page.locator('.node').count()).toBeGreaterThan(0);
    await opened.close();
  });

  it('comes back where one was', async () => {
    const kept = { level: 'table', focus: 'gold.daily_sales', current: 'silver.orders' };
    const opened = await server.open(browser, { page: 'lineage', kept });
    await opened.send({ type: 'connection', state: 'connected', message: '' });
    expect(await opened.waitFor('query')).toMatchObject({ focus: 'gold.daily_sales', level: 'table' });
    await opened.close();
  });

  it('says so when the agent is away or refuses, and asks again', async () => {
    const opened = await server.open(browser, { page: 'lineage' });
    await opened.send({ type: 'connection', state: 'away', message: 'The agent does not answer.' });
    await opened.page.getByText('The agent does not answer.').waitFor();
    await opened.send({ type: 'show', level: 'slice', focus: 'silver.orders@2011-11-11' });
    const { request } = await opened.waitFor('query');
    await opened.send({
      type: 'refused',
      request,
      problem: { what: 'There is no such slice.', remedy: 'Look.' },
    });
    await opened.page.getByRole('button', { name: 'Try again' }).click();
    expect(await opened.waitFor('query', 2)).toMatchObject({ level: 'slice' });
    await opened.close();
  });

  it('keeps only what is seen on the page, of thousands', async () => {
    const opened = await open({}, largeLineage(5_000));
    await opened.page.waitForTimeout(0);
    expect(await opened.page.locator('.node').count()).toBeLessThan(400);
    await press(opened, '/');
    await opened.page.keyboard.type('table_2722');
    await press(opened, 'Enter');
    expect(await nameOfFocused(opened)).toBe('silver.table_2722');
    expect(opened.problems).toEqual([]);
    await opened.close();
  });

  it.each([
    ...THEMES.map(({ name }) => [name, 1_280] as const),
    ['dark', 390] as const,
    ['light', 390] as const,
  ])('has no serious fault for axe-core: %s, %i px wide', async (theme, width) => {
    const opened = await open({ theme, width });
    await press(opened, 'f', 'Enter');
    await opened.page.waitForSelector('.details h2');
    expect(await seriousFaults(opened.page)).toEqual([]);
    await press(opened, '/');
    await opened.page.keyboard.type('or');
    expect(await seriousFaults(opened.page)).toEqual([]);
    await opened.close();
  });
});
