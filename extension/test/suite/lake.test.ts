import assert from 'node:assert/strict';
import { commands, window } from 'vscode';
import { announce, realAgent, realClient } from './agent-place.ts';
import { api, extension, signIn, untilConnection } from './lakewarden.ts';
import { until } from './until.ts';

/** A day that has rows in quarantine, some with text that means harm (test/e2e/vscode/shop-data.ts). */
const BAD_DAY = '2011-11-11';
/** Characters that show nothing, or turn round what stands beside them. */
const UNSEEN = /[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/;

async function textInFront(of: RegExp): Promise<string> {
  return until(`a text in front that says ${of}`, () => {
    const document = window.activeTextEditor?.document;
    const text = document?.getText() ?? '';
    return of.test(text) ? text : undefined;
  });
}

describe('the lake of a real agent', () => {
  before(async () => {
    await extension().activate();
    announce(realAgent());
    if (api().models.connection.state.kind !== 'connected') await signIn();
    await untilConnection('connected');
    await until('datasets', () => api().models.lake.isLoaded && api().models.lake.datasets.size > 20);
  });

  it('has the datasets, sources and runbooks that the agent has', async () => {
    const client = realClient();
    const { lake } = api().models;
    const { items } = await client.query('datasets', { limit: 500 });
    assert.deepEqual([...lake.datasets.keys()].sort(), items.map(({ name }) => name).sort());
    assert.equal(lake.datasets.get('silver.orders')?.slices, 30);
    const { sources } = await client.query('lag', {});
    assert.deepEqual([...lake.sources.keys()].sort(), sources.map(({ source }) => source).sort());
    const { runbooks } = await client.query('runbooks', {});
    assert.deepEqual(
      lake.runbooks.map(({ name }) => name),
      runbooks.map(({ name }) => name),
    );
  });

  it('is told of what others do as it happens', async () => {
    const client = realClient();
    const clicks = () => api().models.lake.datasets.get('silver.clicks');
    await client.act('pause', { target: 'silver.clicks', reason: 'a test of the event stream' });
    await until('a paused dataset', () => clicks()?.paused?.reason === 'a test of the event stream');
    await client.act('resume', { target: 'silver.clicks' });
    await until('a dataset that goes on', () => clicks()?.paused === undefined);
  });

  it('shows the first rows of a table', async () => {
    await commands.executeCommand('lakewarden.showRows', { dataset: 'gold.daily_sales' });
    assert.match(await textInFront(/gold[./]daily_sales/), /revenue/);
  });

  it('shows quarantine with reasons, and what means harm as text in which all can be seen', async () => {
    await commands.executeCommand('lakewarden.showQuarantine', { dataset: 'silver.orders' });
    const quarantine = await textInFront(/Quarantine of silver\.orders/);
    for (const reason of ['rule:unit_price_not_negative', 'invalid:quantity', 'missing:description'])
      assert.ok(quarantine.includes(reason), `${reason} is missing in\n${quarantine}`);
    await commands.executeCommand('lakewarden.showRows', { dataset: 'silver.orders', slice: BAD_DAY });
    const rows = await textInFront(/<img src=x/);
    assert.ok(rows.includes('\\u202e'), rows);
    assert.ok(!UNSEEN.test(rows), 'a character that turns text round is in the text');
    assert.ok(Math.max(...rows.split('\n').map((line) => line.length)) < 2_000, 'a line fills the screen');
  });

  it('shows a plan before anything changes, which others may look up by its hash', async () => {
    await commands.executeCommand('lakewarden.replay', { target: `silver.orders@${BAD_DAY}` });
    const text = await textInFront(/replay silver\.orders 2011-11-11/);
    assert.equal(window.activeTextEditor?.document.uri.scheme, 'lakewarden-plan');
    for (const line of [
      /builds\s+silver\.orders 2011-11-11\s+17 rows/,
      /gold\.daily_sales/,
      /reads\s+bronze\.orders/,
    ])
      assert.match(text, line);
    const hash = /Hash\s+([0-9a-f]{64})/.exec(text)?.[1] ?? '';
    assert.equal((await realClient().query('plan', { hash })).hash, hash);
    const slice = await realClient().query('slice', { slice: `silver.orders@${BAD_DAY}` });
    assert.equal(slice.state, 'fresh');
  });

  it('tells an act that is refused as it is, and changes nothing', async () => {
    const before = await realClient().query('audit', { limit: 1 });
    void commands.executeCommand('lakewarden.retry', { target: 'silver.no_such' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await commands.executeCommand('notifications.clearAll');
    assert.deepEqual(await realClient().query('audit', { limit: 1 }), before);
  });

  for (const [name, argument, text] of [
    [
      'showBlame',
      { target: `silver.orders@${BAD_DAY}`, dataset: 'silver.orders', slice: BAD_DAY },
      /offsets/,
    ],
    ['showDuplicates', { dataset: 'silver.orders' }, /silver\.orders|duplicates/],
    ['showAudit', {}, /The audit holds/],
    ['showBreakers', {}, /event-hubs/],
    ['showRunbook', { runbook: 'failed-slice' }, /kind: Runbook/],
  ] as const) {
    it(`answers ${name}`, async () => {
      await commands.executeCommand(`lakewarden.${name}`, argument);
      await textInFront(text);
    });
  }

  it('opens lineage and health as pages', async () => {
    const tabs = () =>
      window.tabGroups.all.flatMap((group) =>
        group.tabs.map(({ label, input }) => `${label} ${typeof input}`),
      );
    await commands.executeCommand('lakewarden.openLineage', { focus: 'silver.orders' });
    await until('a tab with the lineage', () => tabs().some((tab) => /lineage/i.test(tab)));
    await commands.executeCommand('lakewarden.openHealth', { dataset: 'silver.orders' });
    await until('a tab with the health', () => tabs().some((tab) => /health/i.test(tab)));
    await commands.executeCommand('workbench.action.closeAllEditors');
  });
});
