import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import type { Camera } from './camera.ts';
import type { Hands } from './hands.ts';
import type { Lake } from './lake.ts';
import { BAD_DAY } from './shop-data.ts';

const BUILT_MS_MAX = 60_000;
const RECOVERED_MS_MAX = 90_000;
const CLICKS_DAY = '2008-04-01';
/** A file of a backfill is written so much later, that a person has time to press something. */
const SLOW_MS = 1_500;
const BACKFILL = /^backfill silver\.orders 2011-11-01 … 30/;

export interface DayParts {
  readonly hands: Hands;
  readonly lake: Lake;
  readonly camera: Camera;
}

/** A person's day, step by step; each is seen before the next begins. */
export class Day {
  readonly #hands: Hands;
  readonly #lake: Lake;
  readonly #camera: Camera;

  constructor({ hands, lake, camera }: DayParts) {
    this.#hands = hands;
    this.#lake = lake;
    this.#camera = camera;
  }

  async connect(): Promise<void> {
    await this.#hands.openSidebar();
    const offer = this.#hands.view('Layers').getByRole('button', { name: 'Sign In' });
    await offer.waitFor();
    expect(await this.#hands.toasts.count(), 'nothing pops up at the start').toBe(0);
    await this.#camera.take('sign-in');
    await offer.click();
    await this.#hands.option(/Use the token of the agent of this workspace/).waitFor();
    await this.#camera.take('whose-token');
    await this.#hands.choose(/Use the token of the agent of this workspace/);
    for (const layer of ['Gold', 'Silver'])
      await this.#hands.row('Layers', new RegExp(`^${layer} layer, fresh`)).waitFor();
    await this.#hands.statusBar(/gold/).waitFor();
    await this.#camera.take('layers');
    for (const other of ['Sources & Lag', 'Incidents', 'Runs & Backfills'] as const)
      await this.#hands.closeView(other);
    await this.#hands.reach('Layers', /^Bronze layer, fresh/);
  }

  /** Permission to write orders is taken away, and somebody builds a day of them again. */
  async seeFailedSlice(): Promise<() => Promise<void>> {
    const allow = await this.#lake.forbidWrites('silver.orders');
    await this.#lake.buildAgain(`silver.orders@${BAD_DAY}`);
    await this.#hands.reach('Layers', /^Silver layer, failed/);
    await this.#hands.unfold(await this.#orders(/failed 1 of 30/));
    await this.#badDay(/failed · unauthorized/);
    await this.#hands.statusBar(/1 incident/).waitFor();
    await this.#camera.take('failed-slice');
    await this.#camera.portrait('sidebar', this.#hands.sidebar);
    return allow;
  }

  async openLineage(): Promise<void> {
    await this.#hands.pressOnRow(await this.#orders(/failed/), /Open Lineage/);
    const failed = '.node[data-id="silver.orders"][data-state="failed"]';
    await this.#hands.webview.locator(failed).first().waitFor();
    await this.#hands.webview.getByText('daily_sales').first().waitFor();
    await this.#camera.take('lineage');
    await this.#camera.portrait('lineage', this.#hands.editors);
  }

  async readQuarantine(): Promise<void> {
    await this.#hands.chooseOnRow(await this.#orders(/failed/), /Show Quarantine/);
    const text = await this.#hands.untilEditorSays(/Quarantine of silver\.orders/);
    for (const reason of ['rule:unit_price_not_negative', 'invalid:quantity', 'missing:description'])
      expect(text).toContain(reason);
    await this.#camera.take('quarantine');
  }

  async planReplay(): Promise<void> {
    await this.#hands.chooseOnRow(await this.#badDay(/failed/), /Plan a Replay/);
    const text = await this.#hands.untilEditorSays(/replay silver\.orders 2011-11-11/);
    expect(text).toMatch(/builds\s+silver\.orders 2011-11-11\s+17 rows/);
    expect(text).toMatch(/then\s+gold\.daily_sales 2011-11-11/);
    expect(text).toContain('Apply with: lakewarden apply');
    await this.#camera.take('plan');
  }

  async applyAndWatch(allow: () => Promise<void>): Promise<void> {
    await this.#hands.pressInEditor(/Apply this plan/);
    await this.#hands.dialog.getByText(/builds 1 slice from 17 rows/).waitFor();
    await this.#camera.take('apply');
    await allow();
    await this.#hands.press('Apply');
    await this.#badDay(/fresh · 17 = /, BUILT_MS_MAX);
    await this.#hands.reach('Layers', /^Silver layer, fresh/, BUILT_MS_MAX);
    await this.#camera.take('green');
  }

  async approveRunbook(): Promise<void> {
    await this.#hands.closeAllEditors();
    const allow = await this.#lake.forbidWrites('silver.clicks');
    await this.#lake.buildAgain(`silver.clicks@${CLICKS_DAY}`);
    const waiting = this.#hands.row('Incidents', /silver\.clicks failed.*waits for approval/);
    await this.#hands.openView('Incidents');
    await waiting.waitFor({ timeout: BUILT_MS_MAX });
    await this.#hands.pressOnRow(waiting, /Open Incident/);
    await this.#hands.untilEditorSays(/runbook\s+failed-slice/);
    await this.#camera.take('incident');
    await allow();
    await this.#hands.pressOnRow(waiting, /Approve/);
    await this.#hands.dialog.waitFor();
    await this.#camera.take('approve');
    await this.#hands.press('Approve');
    const resolved = this.#hands.row('Incidents', /silver\.clicks failed.*resolved/);
    await resolved.waitFor({ timeout: RECOVERED_MS_MAX });
    await this.#hands.openView('Runbooks');
    await this.#hands.row('Runbooks', /^runbook failed-slice, approve · .*verified/).waitFor();
    await this.#camera.take('runbook-verified');
  }

  async backfillThirtyDays(): Promise<void> {
    await this.#lake.slowWrites('silver.orders', SLOW_MS);
    await this.#hands.closeView('Runbooks');
    await this.#hands.closeView('Incidents');
    await this.#hands.chooseOnRow(await this.#orders(/fresh/), /Plan a Backfill/);
    await this.#hands.option(/The newest 30 days/).waitFor();
    await this.#camera.take('backfill-range');
    await this.#hands.choose(/The newest 30 days/);
    await this.#hands.choose(/All of them/);
    await this.#hands.untilEditorSays(/backfill silver\.orders 2011-11-01 … 30/);
    await this.#camera.take('backfill-plan');
    await this.#hands.pressInEditor(/Apply this plan/);
    await this.#hands.dialog.getByText(/builds 30 slices from/).waitFor();
    await this.#hands.press('Apply');
    await this.#hands.openView('Runs & Backfills');
    await this.#backfill('running').waitFor();
    await this.#camera.take('backfill-running');
  }

  async pauseAndResume(): Promise<void> {
    await this.#pressOnBackfill('running', /Pause/, this.#hands.question(/Why pause/));
    await this.#hands.type('lunch');
    await this.#hands.choose(/1 hour/);
    await this.#backfill('paused').waitFor();
    await this.#camera.take('backfill-paused');
    await this.#pressOnBackfill('paused', /Resume/, this.#backfill('running'));
  }

  async cancelBackfill(): Promise<void> {
    await this.#pressOnBackfill('running', /Cancel/, this.#hands.dialog);
    await this.#camera.take('backfill-cancel');
    await this.#hands.press('Cancel run');
    const rowOf = new RegExp(`${BACKFILL.source}, cancelled`);
    await this.#hands.reach('Runs & Backfills', rowOf, BUILT_MS_MAX);
    await this.#camera.take('backfill-cancelled');
    const { items } = await this.#lake.client.query('backfills', { limit: 1 });
    expect(items[0]?.state).toBe('cancelled');
    expect(items[0]?.built).toBeLessThan(30);
  }

  async seeHealth(): Promise<void> {
    await this.#hands.closeAllEditors();
    await this.#hands.chooseOnRow(await this.#orders(/./), /Open Health/);
    await this.#hands.webview.getByRole('heading', { name: 'silver.orders' }).waitFor();
    await this.#hands.webview.getByText('rows of each slice').first().waitFor();
    await this.#camera.take('health');
  }

  #orders(state: RegExp): Promise<Locator> {
    return this.#hands.reach('Layers', new RegExp(`^orders, silver dataset, .*${state.source}`));
  }

  #badDay(state: RegExp, waitMsMax?: number): Promise<Locator> {
    return this.#hands.reach('Layers', new RegExp(`^slice ${BAD_DAY}, .*${state.source}`), waitMsMax);
  }

  /** A row that is drawn again at this moment has lost what it stands for; then the person is asked, and says it. */
  async #pressOnBackfill(state: string, button: RegExp, then: Locator): Promise<void> {
    await this.#hands.pressOnRow(this.#backfill(state), button);
    const asked = this.#hands.option(/^backfill silver\.orders/);
    await then.or(asked).first().waitFor();
    if (await asked.isVisible()) await asked.click();
    await then.waitFor();
  }

  #backfill(state: string): Locator {
    return this.#hands.row('Runs & Backfills', new RegExp(`${BACKFILL.source}, ${state}`));
  }
}
