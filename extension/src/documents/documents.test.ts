import { createClient } from '@lakewarden/client';
import {
  aBackfill,
  aBlame,
  aBreaker,
  anEntry,
  anExecution,
  anIncident,
  aPlan,
  aRun,
  aRunbook,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { LakeModel } from '../models/lake-model.ts';
import { PlansModel } from '../models/plans-model.ts';
import { ManualClock, memoryLog } from '../models/testing.ts';
import { addressParts, DOCUMENT_KINDS, type DocumentAddress, parseAddress } from './document-kinds.ts';
import { planLines } from './plan-lines.ts';
import { renderDocument } from './render-document.ts';
import { textTable } from './text-table.ts';
import { visibleText } from './visible-text.ts';

const NOW = Date.parse('2026-11-22T15:00:00Z');
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('text of a row', () => {
  it('is one line in which everything can be seen', () => {
    expect(visibleText('a\tb\nc\u0007\u202egnp.exe\ufeff\u{e0041}\ud800', 100)).toBe(
      'a\\tb\\nc\\u0007\\u202egnp.exe\\ufeff\\u{e0041}\\ud800',
    );
    expect(visibleText('Größe 東京 😀 €', 100)).toBe('Größe 東京 😀 €');
  });

  it('never holds what cannot be seen, and is cut before anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(visibleText(text, 1_000)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u);
      }),
    );
    expect(visibleText('x'.repeat(10_000_000), 60)).toHaveLength(60);
  });
});

describe('a table of text', () => {
  it('has columns as wide as their widest cell, numbers to the right, nulls that can be seen', () => {
    expect(
      textTable(
        ['country', 'n'],
        [
          ['Iceland', '12.50'],
          ['Malta\u001b[2J', null],
          [{ a: 1 }, 7],
        ],
      ),
    ).toEqual([
      'country             n',
      '──────────────  ─────',
      'Iceland         12.50',
      'Malta\\u001b[2J      ∅',
      '{"a":1}             7',
    ]);
  });

  it('cuts cells and columns', () => {
    const wide = textTable(
      Array.from({ length: 300 }, (_, index) => `c${index}`),
      [Array.from({ length: 300 }, () => 'y'.repeat(1_000_000))],
    );
    expect(wide.at(-1)).toBe('and 100 columns more');
    expect(Math.max(...wide.map((line) => line.length))).toBeLessThan(200 * 62);
  });
});

describe('an address', () => {
  const addresses: DocumentAddress[] = [
    ...DOCUMENT_KINDS.map((kind) => ({ kind, about: 'silver.orders' })),
    { kind: 'rows', about: 'silver.orders', of: '2011-11-11' },
    { kind: 'blame', about: 'silver.orders@2011-11-11' },
    { kind: 'audit', about: '' },
  ];

  it.each(addresses)('of $kind $about leads back to itself', (address) => {
    const { path, query } = addressParts(address);
    expect(parseAddress(path, query)).toEqual(address);
    expect(path.split('/')).toHaveLength(3);
  });

  it.each([
    ['/nothing/x.txt', '{"about":"x"}'],
    ['/rows/x.txt', ''],
    ['/rows/x.txt', 'null'],
    ['/rows/x.txt', '{"about":1}'],
    ['/rows/x.txt', JSON.stringify({ about: 'x'.repeat(1_000) })],
    ['/rows/x.txt', '{"about":"x","of":{}}'],
  ])('%s?%s is none', (path, query) => {
    expect(parseAddress(path, query)).toBeUndefined();
  });

  it('names what stands on the tab', () => {
    expect(addressParts({ kind: 'quarantine', about: 'silver.orders' }).path).toBe(
      '/quarantine/silver.orders quarantine.txt',
    );
    expect(addressParts({ kind: 'plan', about: aPlan().hash }).path).toBe('/plan/plan 7c1e…a4.txt');
  });
});

describe('a plan', () => {
  it('reads as people read it', () => {
    const lines = planLines(aPlan(), NOW);
    expect(lines[0]).toBe(
      'Plan 7c1e…a4  replay silver.orders@2011-11-11          made 14:06:12 by an operator',
    );
    expect(lines.join('\n')).toMatch(/builds +silver\.orders 2011-11-11 +2,412 rows +~0\.2 s {2}duckdb/);
    expect(lines.join('\n')).toMatch(/then +gold\.daily_sales 2011-11-11 +6 rows/);
    expect(lines).toContain('  reads      bronze.orders (no source is read again)');
    expect(lines).toContain('  cost       0.00 (embedded)');
    expect(lines).toContain(`Hash        ${aPlan().hash}`);
  });

  it('of many slices counts them, and names a bounded number', () => {
    const builds = Array.from({ length: 5_000 }, (_, index) => ({
      slice: `silver.orders@${index}`,
      rows: 10,
      estimateMs: 1,
    }));
    const lines = planLines(aPlan({ builds, downstream: [], title: 'x\u202e' }), NOW);
    expect(lines.join('\n')).toMatch(/builds +5,000 slices of silver\.orders +50,000 rows/);
    expect(lines).toContain('  then       nothing else');
    expect(lines.length).toBeLessThan(500);
    expect(lines.join('')).not.toContain('\u202e');
  });
});

const HOSTILE = '<img src=x onerror=alert(1)>\u202e\u0007';
const QUERIES: NonNullable<FakeAgentOptions['queries']> = {
  plan: aPlan(),
  rows: ({ of }) => ({
    table: `${of ?? 'table'}.orders`,
    columns: [{ name: 'body', type: 'VARCHAR' }],
    rows: [[HOSTILE], ['x'.repeat(1_000_000)], [null]],
    truncated: true,
  }),
  quarantine: {
    dataset: 'silver.orders',
    rows: 1_456,
    reasons: [{ reason: HOSTILE, rows: 1_456, firstSlice: '2010-12-01', lastSlice: '2011-11-11' }],
  },
  blame: aBlame(),
  backfill: aBackfill(),
  incident: anIncident({ title: HOSTILE }),
  runbook: { status: aRunbook(), yaml: `kind: Runbook\nname: ${HOSTILE}`, readme: '# Why' },
  executions: { items: [anExecution()] },
  audit: { items: [anEntry()] },
  'verify-audit': { ok: true, entries: 12, head: 'abc' },
  breakers: { breakers: [aBreaker({ lastError: HOSTILE })] },
  runs: { items: [aRun({ error: HOSTILE })] },
};

async function render(address: DocumentAddress): Promise<string> {
  const fake = await startFakeAgent({ queries: QUERIES });
  closing.push(() => fake.close());
  const client = createClient({ url: fake.url, token: fake.token });
  const lake = new LakeModel(new ManualClock(), memoryLog());
  const deps = { client, lake, plans: new PlansModel(), nowMs: NOW };
  return await renderDocument(address, deps, new AbortController().signal);
}

describe('a document', () => {
  it.each(DOCUMENT_KINDS.map((kind) => ({ kind })))(
    'of $kind shows everything and runs nothing',
    async ({ kind }) => {
      const text = await render({
        kind,
        about: kind === 'run' ? aRun().id : 'silver.orders',
        ...(kind === 'run' && { of: 'silver.orders' }),
      });
      expect(text.length).toBeGreaterThan(20);
      expect(text.length).toBeLessThan(20_000);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202a-\u202e]/);
    },
  );

  it('of quarantine tells reasons first, then rows', async () => {
    const text = await render({ kind: 'quarantine', about: 'silver.orders' });
    expect(text).toMatch(/^Quarantine of silver\.orders · 1,456 rows · by reason/);
    expect(text).toContain('First rows · quarantine.orders');
    expect(text).toContain('<img src=x onerror=alert(1)>\\u202e\\u0007');
  });

  it('of a run that nobody knows says so', async () => {
    expect(await render({ kind: 'run', about: 'ffff', of: 'silver.orders' })).toContain(
      'no longer knows of run ffff',
    );
  });
});
