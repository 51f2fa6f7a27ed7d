import type { DatasetHealth, Lineage, RunHealth, SliceHealth } from '@lakewarden/contracts';
import { QUERIES } from '@lakewarden/contracts';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { retailLineage } from '../webview/testing/retail-lineage.ts';
import { retailReport } from '../webview/testing/retail-report.ts';
import {
  type DatasetReport,
  fromHealthPage,
  fromLineagePage,
  type LineageAnswer,
  type ReportedRun,
  type ReportedSlice,
  readMessage,
  toHealthPage,
  toLineagePage,
} from './messages.ts';

describe('messages between host and page', () => {
  it('take the answers of the agent as they are', () => {
    expectTypeOf<Lineage>().toExtend<LineageAnswer>();
    expectTypeOf<DatasetHealth>().toExtend<DatasetReport['dataset']>();
    expectTypeOf<SliceHealth>().toExtend<ReportedSlice>();
    expectTypeOf<RunHealth>().toExtend<ReportedRun>();
    const lineage = QUERIES.lineage.output.parse(retailLineage());
    expect(readMessage(toLineagePage, { type: 'lineage', request: 1, lineage })).toMatchObject({ ok: true });
    const report = retailReport();
    expect(readMessage(toHealthPage, { type: 'report', request: 1, report })).toMatchObject({ ok: true });
  });

  it.each([
    [{ type: 'lineage', request: 1 }, 'message.lineage is not an object'],
    [{ type: 'lineage', request: 0.5, lineage: retailLineage() }, 'message.request is not a whole number'],
    [{ type: 'eval', code: '1' }, 'message.type is none of ours'],
    [null, 'message.type is none of ours'],
    [[], 'message.type is none of ours'],
    [{ type: 'constructor' }, 'message.type is none of ours'],
    [{ type: 'changed', nodes: [{ id: 'x', state: 'burnt', why: '' }] }, 'message.nodes[0].state is none of'],
    [{ type: 'changed', nodes: [{ id: 'x'.repeat(300), state: 'fresh', why: '' }] }, 'longer than 256'],
    [{ type: 'changed', nodes: 'all' }, 'message.nodes is not a list'],
    [{ type: 'changed', nodes: new Array(10_001).fill(0) }, 'has more than 10000 items'],
  ])('say what is wrong with %j', (message, problem) => {
    const checked = readMessage(toLineagePage, message);
    expect(checked.ok).toBe(false);
    expect(checked.ok ? '' : checked.problem).toContain(problem);
  });

  it('are refused when a page asks for what no page may ask', () => {
    expect(readMessage(fromLineagePage, { type: 'open', id: 'gold.x', what: 'file:///etc/passwd' }).ok).toBe(
      false,
    );
    expect(readMessage(fromLineagePage, { type: 'open', id: 7, what: 'dataset' }).ok).toBe(false);
    expect(readMessage(fromHealthPage, { type: 'open-runs', dataset: 'gold.x' }).ok).toBe(false);
    expect(readMessage(fromHealthPage, { type: 'act', action: 'freeze' }).ok).toBe(false);
  });

  it('let texts of any length through, since they are cut where they are drawn', () => {
    const nodes = [{ id: 'gold.x', state: 'failed', why: 'x'.repeat(1_000_000) }];
    expect(readMessage(toLineagePage, { type: 'changed', nodes }).ok).toBe(true);
  });
});
