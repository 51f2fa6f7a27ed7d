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
import { retailReport } from '../testing/retail-report.ts';
import { THEMES } from '../testing/themes.ts';

const program = findChromium();
let browser: Browser;
let server: PageServer;

describe.runIf(program !== undefined)('the health page in a browser', () => {
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

  async function open(options: Partial<OpenOptions> = {}, report = retailReport()): Promise<OpenedPage> {
    const opened = await server.open(browser, { page: 'health', ...options });
    await opened.waitFor('ready');
    await opened.send({ type: 'connection', state: 'connected', message: '' });
    await opened.send({ type: 'datasets', datasets: [{ name: 'silver.orders', state: 'failed' }] });
    const { request } = await opened.waitFor('query');
    await opened.send({ type: 'report', request, report });
    await opened.page.waitForSelector('.calendar table');
    return opened;
  }

  it('shows four charts, each with a sentence for those who do not see it', async () => {
    const opened = await open();
    const charts = opened.page.getByRole('img');
    expect(await charts.count()).toBe(4);
    expect(await charts.nth(0).getAttribute('aria-label')).toMatch(/^Freshness\. Last commit .* ago/);
    expect(opened.problems).toEqual([]);
    await opened.close();
  });

  it('walks the calendar by keys, and Enter opens the runs of a slice', async () => {
    const opened = await open();
    const { page } = opened;
    await page.locator('td[data-key="2011-11-11"]').focus();
    expect(await page.locator('.looked').textContent()).toContain('decimal overflow in UnitPrice');
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.key);
    const go = async (key: string) => {
      await page.keyboard.press(key);
      return focused();
    };
    expect(await go('ArrowLeft')).toBe('2011-11-04');
    expect(await go('ArrowUp')).toBe('2011-11-03');
    // Saturdays have no slice: they are passed over.
    expect(await go('ArrowRight')).toBe('2011-11-10');
    expect(await go('ArrowDown')).toBe('2011-11-11');
    expect(await go('ArrowDown')).toBe('2011-11-13');
    expect(await go('Control+Home')).toBe('2010-12-01');
    expect(await go('Control+End')).toBe('2011-12-09');
    await page.keyboard.press('Enter');
    expect(await opened.waitFor('open-runs')).toEqual({
      type: 'open-runs',
      dataset: 'silver.orders',
      slice: '2011-12-09',
    });
    expect(await page.locator('td[tabindex="0"]').count()).toBe(1);
    await opened.close();
  });

  it('shows hostile reasons and names as text', async () => {
    const report = retailReport();
    const bad = `<img src=x onerror="globalThis.pwned=1">${'y'.repeat(1_000_000)}`;
    const opened = await open(
      {},
      {
        ...report,
        dataset: { ...report.dataset, why: bad },
        slices: report.slices.map((slice) => ({ ...slice, why: slice.state === 'failed' ? bad : '' })),
        reasons: [{ reason: bad, rows: 3, firstSlice: bad, lastSlice: bad }],
      },
    );
    await opened.page.locator('td[data-key="2011-11-11"]').focus();
    const seen = await opened.page.evaluate(() => ({
      pwned: 'pwned' in globalThis,
      images: document.images.length,
      wide: document.documentElement.scrollWidth > innerWidth,
      chars: document.body.textContent.length,
    }));
    expect(seen).toMatchObject({ pwned: false, images: 0, wide: false });
    expect(seen.chars).toBeLessThan(10_000);
    expect(opened.problems).toEqual([]);
    await opened.close();
  });

  it.each([...THEMES.map(({ name }) => [name, 1_280] as const), ['dark', 390] as const])(
    'has no serious fault for axe-core: %s, %i px wide',
    async (theme, width) => {
      const opened = await open({ theme, width });
      expect(await seriousFaults(opened.page)).toEqual([]);
      await opened.close();
    },
  );
});
