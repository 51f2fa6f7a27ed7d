import {
  aBackfill,
  aBreaker,
  aDataset,
  anExecution,
  anIncident,
  anOverview,
  aRun,
  aRunbook,
  aSlice,
  aSource,
} from '@lakewarden/client/testing';
import { describe, expect, it } from 'vitest';
import { incidentNode } from './incident-nodes.ts';
import { datasetNode, layerNode, monthNode, sliceNode } from './layer-nodes.ts';
import { backfillNode, runNode } from './run-nodes.ts';
import { executionNode, runbookNode, stepNodes } from './runbook-nodes.ts';
import { breakerNode, sourceNode } from './source-nodes.ts';
import type { TreeNode } from './tree-node.ts';

const NOW = Date.parse('2026-11-22T14:06:12.000Z');
const row = ({ label, description }: TreeNode) => `${label}  ${description}`;
const next = ({ context }: TreeNode) => [...context.matchAll(/next-([A-Za-z-]+)/g)].map(([, name]) => name);

const fresh = { state: 'fresh', why: '', counts: { fresh: 305 } } as const;

describe('rows say right of the name what one wants to know without opening', () => {
  it.each([
    [datasetNode(aDataset(), NOW, undefined, false), 'orders  failed 1 of 305 · quarantine 1,456'],
    [
      datasetNode(
        aDataset({ ...fresh, name: 'gold.daily_sales', layer: 'gold', rows: 1716, quarantined: 0 }),
        NOW,
        undefined,
        false,
      ),
      'daily_sales  fresh · 1,716 rows · 14:06',
    ],
    [
      datasetNode(
        aDataset({
          state: 'stale',
          why: 'waits for silver.orders',
          counts: { stale: 1 },
          slices: 1,
          quarantined: 0,
        }),
        NOW,
        undefined,
        false,
      ),
      'orders  stale · waits for silver.orders',
    ],
    [
      datasetNode(
        aDataset({ ...fresh, name: 'bronze.orders', layer: 'bronze', rows: 541_909 }),
        NOW,
        0,
        false,
      ),
      'orders  541,909 rows · lag 0',
    ],
    [sliceNode(aSlice(), NOW), '2011-11-11  failed · decimal overflow in UnitPrice · retry in 40 s'],
    [
      sliceNode(
        aSlice({
          key: '2011-11-10',
          state: 'fresh',
          why: '',
          nextAttemptAt: undefined,
          accounting: { in: 2412, out: 2380, quarantined: 4, duplicates: 28 },
        }),
        NOW,
      ),
      '2011-11-10  fresh · 2,412 = 2,380 + 4 q + 28 d',
    ],
    [
      sliceNode(
        aSlice({
          state: 'held',
          why: '',
          nextAttemptAt: undefined,
          pin: { by: 'hold', as: 'as-is', reason: 'audit' },
        }),
        NOW,
      ),
      '2011-11-11  held · hold as-is: audit',
    ],
    [
      monthNode('silver.orders', '2011-11', [aSlice(), aSlice({ state: 'fresh' })]),
      '2011-11  failed 1 · fresh 1',
    ],
    [
      backfillNode(aBackfill(), NOW),
      'backfill silver.orders 2011-11-01 … 2011-11-30  62 % · 18 of 29 · ~2 min',
    ],
    [
      backfillNode(aBackfill({ state: 'paused', failed: 2 }), NOW),
      'backfill silver.orders 2011-11-01 … 2011-11-30  paused · 62 % · 18 of 29 · 2 failed',
    ],
    [
      runNode(aRun({ sliceCount: 12, endedAt: undefined }), NOW, ''),
      'run 8f3c  silver.orders ×12  3.1 s · duckdb',
    ],
    [
      incidentNode(anIncident(), undefined, NOW),
      'Data Factory run of vendors is stuck  recovering · runbook stuck-adf-run · 42 s',
    ],
    [sourceNode(aSource({ events: 0, seconds: 0 }), NOW), 'hub orders  lag 0 · 3 partitions'],
    [
      sourceNode(
        aSource({
          source: 'vendors',
          kind: 'data-factory',
          partitions: [],
          window: { key: '2011-12-10', state: 'landed', since: '2026-11-22T11:06:12Z' },
        }),
        NOW,
      ),
      'adf vendors  window 2011-12-10 · landed 3 h ago',
    ],
    [runbookNode(aRunbook(), NOW), 'stuck-adf-run  auto · 3 of 3 verified'],
    [
      breakerNode(aBreaker({ state: 'open', parkedCalls: 3, since: '2026-11-22T14:05:12Z' }), NOW),
      'breaker storage  open · since 1 min ago · 3 calls wait',
    ],
  ])('%#', (node, text) => {
    expect(row(node)).toBe(text);
  });

  it('and the layer how far it is behind and what is not fresh', () => {
    const [gold, silver] = anOverview().layers;
    expect(gold && row(layerNode(gold, NOW))).toBe('Gold  3 min behind · fresh');
    expect(silver && row(layerNode(silver, NOW))).toBe('Silver  3 min behind · failed 1');
  });
});

describe('the likely next act is a button on its row', () => {
  it.each([
    ['a failed dataset', datasetNode(aDataset(), NOW, undefined, false), ['retry', 'openLineage']],
    [
      'one that is built',
      datasetNode(aDataset({ state: 'building' }), NOW, undefined, false),
      ['pause', 'openLineage'],
    ],
    [
      'a paused one',
      datasetNode(aDataset({ paused: { reason: 'x' } }), NOW, undefined, false),
      ['resume', 'openLineage'],
    ],
    [
      'a frozen one',
      datasetNode(aDataset({ frozen: { reason: 'x' } }), NOW, undefined, false),
      ['thaw', 'openLineage'],
    ],
    ['a fresh one', datasetNode(aDataset(fresh), NOW, undefined, false), ['openLineage']],
    ['a failed slice', sliceNode(aSlice(), NOW), ['retry', 'openLineage']],
    ['a backfill that runs', backfillNode(aBackfill(), NOW), ['pause', 'cancel-run']],
    ['a paused backfill', backfillNode(aBackfill({ state: 'paused' }), NOW), ['resume', 'cancel-run']],
    ['a backfill that is over', backfillNode(aBackfill({ state: 'done' }), NOW), []],
    ['an incident', incidentNode(anIncident(), undefined, NOW), ['acknowledge', 'showIncident']],
    [
      'one that waits',
      incidentNode(anIncident(), anExecution({ state: 'waiting-approval' }), NOW),
      ['approve', 'showIncident'],
    ],
    [
      'one looked after',
      incidentNode(anIncident({ acknowledgedBy: 'anna' }), undefined, NOW),
      ['showIncident'],
    ],
    ['a runbook that waits', runbookNode(aRunbook({ waiting: ['exec-3'] }), NOW), ['approve', 'reject']],
    [
      'an execution that waits',
      executionNode(anExecution({ state: 'waiting-approval' }), NOW, ''),
      ['approve', 'reject'],
    ],
    [
      'a stuck window',
      sourceNode(
        aSource({
          partitions: [],
          kind: 'data-factory',
          state: 'failed',
          window: { key: '2011-12-10', state: 'stuck' },
        }),
        NOW,
      ),
      ['rerun-adf', 'pause'],
    ],
  ])('%s', (_, node, acts) => {
    expect(next(node)).toEqual(acts);
  });
});

describe('text that is not ours', () => {
  const hostile = '<img src=x onerror=alert(1)>\u202e[x](command:evil) $(flame) `a`\n| b |\u0007'.repeat(50);

  const nodes = [
    datasetNode(
      aDataset({ name: `silver.${hostile}`, why: hostile, inputs: [hostile], readers: [hostile] }),
      NOW,
      undefined,
      false,
    ),
    sliceNode(aSlice({ id: `silver.orders@${hostile}`, key: hostile, why: hostile }), NOW),
    runNode(
      aRun({ id: hostile, dataset: hostile, error: hostile, engine: hostile, slices: [hostile] }),
      NOW,
      '',
    ),
    backfillNode(aBackfill({ title: hostile, current: [hostile] }), NOW),
    incidentNode(
      anIncident({ title: hostile, targets: [hostile], evidence: { [hostile]: hostile }, runbook: hostile }),
      undefined,
      NOW,
    ),
    runbookNode(aRunbook({ name: hostile, title: hostile, match: [hostile] }), NOW),
    executionNode(anExecution({ note: hostile, runbook: hostile }), NOW, ''),
    sourceNode(aSource({ source: hostile, why: hostile, state: 'failed' }), NOW),
    breakerNode(aBreaker({ dependency: hostile, lastError: hostile, state: 'open' }), NOW),
    ...stepNodes(
      anExecution({ steps: [{ id: hostile, action: hostile, state: 'failed', note: hostile }] }),
      NOW,
    ),
  ];

  it.each(nodes.map((node) => [node.id.split(':')[0], node] as const))(
    'stays text on the row of a %s',
    (_, node) => {
      for (const text of [node.label, node.description, node.spoken]) {
        expect(text).not.toMatch(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
        expect(text.length).toBeLessThan(1_200);
      }
    },
  );

  it.each(nodes.map((node) => [node.id.split(':')[0], node] as const))(
    'stays text on the card of a %s',
    (_, node) => {
      const text = node.card();
      expect(text).not.toMatch(/<|command:evil|\$\(|\u202e|`a`/);
      for (const [link] of text.matchAll(/\]\([^)]*\)/g))
        expect(link).toMatch(/^\]\(command:lakewarden\.[A-Za-z]+(\?[A-Za-z0-9%_.~-]*)?\)$/);
      expect(text.length).toBeLessThan(40_000);
    },
  );
});
