import { CHECKS, type Check, type CheckName } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { DETECTION_LIMITS } from '../observe/detector.ts';
import type { Observation } from '../observe/observation.ts';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import { type CheckContext, evaluate } from './checks.ts';
import { breakerOf, hubOf, observationOf, START_MS, sliceView, viewOf } from './testing/recovery-world.ts';

const BINDINGS = {
  targets: 'source:orders,silver.orders',
  target: 'source:orders',
  source: 'vendors',
  dataset: 'silver.orders',
  window: '2026-11-21',
  dependency: 'storage',
  incident: 'inc-1',
  partition: '1',
  partitions: '1',
  checkpoint: '50',
};

interface Question {
  readonly with?: Check['with'];
  readonly not?: boolean;
  readonly bindings?: CheckContext['bindings'];
  readonly sinceMs?: number;
}

function ask(check: CheckName, parts: Partial<Observation> = {}, question: Question = {}) {
  const { with: given = {}, not = false, bindings = BINDINGS, sinceMs = 0 } = question;
  return evaluate({ check, with: given, not }, observationOf(parts), {
    bindings,
    sinceMs,
    limits: DETECTION_LIMITS,
  });
}

const NOTHING_KNOWN: Partial<Observation> = {
  views: undefined,
  viewsAtMs: undefined,
  hubs: [],
  windows: [],
  breakers: [],
};
const window = (state: 'due' | 'running' | 'landed', parts = {}) => ({
  windows: [
    {
      source: 'vendors',
      dataset: 'bronze.vendors' as const,
      window: '2026-11-21',
      state,
      sinceMs: START_MS,
      attempts: 1,
      ...parts,
    },
  ],
});
const silver = (...slices: ReturnType<typeof sliceView>[]) => ({
  views: new Map([['silver.orders', viewOf('silver.orders', slices)]] as const),
});
const stop = (target: string) => new Map([[target, { target, reason: 'r', by: 'ann', since: '' }]]);

describe('a check', () => {
  it('of a state that is not known is not known, and neither is its opposite', () => {
    /** What people decided is always known. */
    const decided = ['no-freeze', 'not-paused', 'no-backfill-running'];
    for (const check of CHECKS.filter((name) => !decided.includes(name))) {
      expect(ask(check, NOTHING_KNOWN), check).toBeUndefined();
      expect(ask(check, NOTHING_KNOWN, { not: true }), check).toBeUndefined();
    }
  });

  it('of what is not bound is not known', () => {
    expect(ask('breaker-closed', {}, { with: { dependency: '{run}' } })).toBeUndefined();
  });

  it('says the opposite of its opposite', () => {
    expect([ask('breaker-closed'), ask('breaker-closed', {}, { not: true })]).toEqual([true, false]);
  });

  it('of breakers looks at the one that is meant, or at all', () => {
    const breakers = [breakerOf('storage', 'half-open'), breakerOf('event-hubs')];
    expect([ask('breaker-closed', { breakers }), ask('breaker-open', { breakers })]).toEqual([false, true]);
    expect(ask('breaker-closed', { breakers }, { with: { dependency: 'event-hubs' } })).toBe(true);
    expect([ask('all-breakers-closed', { breakers }), ask('all-breakers-closed')]).toEqual([false, true]);
  });

  it('of stops knows freezes from pauses, and the wider stop', () => {
    const frozen = { control: { ...EMPTY_CONTROL, freezes: stop('silver') } };
    expect([ask('no-freeze', frozen), ask('no-freeze', frozen, { with: { target: 'gold.sales' } })]).toEqual([
      false,
      true,
    ]);
    const paused = { control: { ...EMPTY_CONTROL, pauses: stop('source:orders') } };
    expect([
      ask('not-paused', paused),
      ask('not-paused', paused, { with: { target: 'source:vendors' } }),
    ]).toEqual([false, true]);
  });

  it('of a backfill sees only those that run', () => {
    const backfill = {
      id: '1',
      plan: '',
      title: '',
      dataset: 'gold.sales' as const,
      slices: [],
      rows: 0,
      estimateMs: 0,
      startedAt: '',
      startedBy: '',
    };
    const running = { control: { ...EMPTY_CONTROL, backfills: new Map([['1', backfill]]) } };
    expect([
      ask('no-backfill-running', running),
      ask('no-backfill-running', running, { with: { dataset: 'silver.orders' } }),
    ]).toEqual([false, true]);
    const ended = { ...backfill, ended: { as: 'done' as const, at: '' } };
    expect(
      ask('no-backfill-running', { control: { ...EMPTY_CONTROL, backfills: new Map([['1', ended]]) } }),
    ).toBe(true);
  });

  it('of slices wants each of them fresh, or built since', () => {
    const stale = silver(
      sliceView('2026-11-21', true),
      sliceView('2026-11-22', false, undefined, START_MS + 5),
    );
    expect(ask('slices-fresh', stale)).toBe(false);
    expect(ask('slices-fresh', { ...stale, viewsAtMs: START_MS + 9 }, { sinceMs: START_MS + 5 })).toBe(true);
    expect(ask('slices-fresh', { ...stale, viewsAtMs: START_MS + 9 }, { sinceMs: START_MS + 6 })).toBe(false);
    expect(ask('slices-fresh', stale, { with: { target: 'silver.orders@2026-11-21' } })).toBe(true);
  });

  it('does not take evidence from before what was done', () => {
    expect(ask('slices-fresh', {}, { sinceMs: START_MS + 1 })).toBeUndefined();
    expect(ask('lag-at-most', {}, { sinceMs: START_MS + 1 })).toBeUndefined();
    expect(
      ask('partition-advancing', {}, { bindings: { ...BINDINGS, source: 'orders' }, sinceMs: START_MS + 1 }),
    ).toBeUndefined();
  });

  it('of failed slices asks for those that are meant', () => {
    const failures = [
      {
        dataset: 'silver.orders',
        slice: '2026-11-22',
        reason: '',
        attempts: 1,
        sinceMs: 0,
        nextAttemptMs: 0,
      },
    ] as const;
    expect([ask('slices-failed', { failures }), ask('slices-failed')]).toEqual([true, false]);
    expect(ask('slices-failed', { failures }, { with: { target: 'silver.orders@2026-11-21' } })).toBe(false);
  });

  it('of lag allows what came since the last drain, and what the objective allows', () => {
    const [first] = hubOf().partitions;
    if (first === undefined) throw new Error('a partition');
    const behind = (events: bigint, advancedMs: number) => ({
      hubs: [hubOf({ partitions: [{ ...first, last: 99n + events, advancedMs }] })],
    });
    expect(ask('lag-at-most', behind(1_000n, 0))).toBe(true);
    expect([
      ask('lag-at-most', behind(1_001n, 0)),
      ask('lag-at-most', behind(1_001n, START_MS - 5_000)),
    ]).toEqual([false, true]);
    expect(ask('lag-at-most', behind(10n, 0), { with: { events: 9 } })).toBe(false);
    expect(ask('lag-at-most', { hubs: [hubOf({ error: 'gone' })] })).toBeUndefined();
    expect(ask('lag-at-most', { hubs: [] }, { with: { target: 'source:vendors' } })).toBe(true);
  });

  it('of a partition wants it past the checkpoint where it stood', () => {
    const [first, second] = hubOf().partitions;
    if (first === undefined || second === undefined) throw new Error('two partitions');
    const at = (checkpoint: bigint) => ({
      hubs: [hubOf({ partitions: [first, { ...second, last: 500n, checkpoint, advancedMs: START_MS }] })],
    });
    const bindings = { ...BINDINGS, source: 'orders' };
    expect([
      ask('partition-advancing', at(50n), { bindings }),
      ask('partition-advancing', at(51n), { bindings }),
    ]).toEqual([false, true]);
    expect(ask('partition-advancing', at(50n), { bindings: { ...bindings, checkpoint: '500' } })).toBe(false);
  });

  it('of a window wants it, or a later one, landed', () => {
    expect([ask('window-landed', window('running')), ask('window-landed', window('landed'))]).toEqual([
      false,
      true,
    ]);
    expect(ask('window-landed', window('due', { window: '2026-11-22' }))).toBe(true);
    expect([
      ask('run-stuck', window('running')),
      ask('run-stuck', window('running', { sinceMs: 0 })),
    ]).toEqual([false, true]);
  });

  it('of rows reads the accounting', () => {
    const rows = silver(
      sliceView('2026-11-22', true, { in: 1_000, out: 700, quarantined: 300, duplicates: 0 }),
    );
    expect([
      ask('quarantine-rate-at-most', rows),
      ask('quarantine-rate-at-most', rows, { with: { rate: 0.5 } }),
    ]).toEqual([false, true]);
    expect(ask('accounting-balanced', rows)).toBe(true);
    expect(
      ask(
        'accounting-balanced',
        silver(sliceView('2026-11-22', true, { in: 9, out: 7, quarantined: 1, duplicates: 0 })),
      ),
    ).toBe(false);
  });

  it('of an incident is about whether it has ended', () => {
    const incident = { id: 'inc-1', state: 'open' } as unknown as Parameters<Map<string, never>['set']>[1];
    const control = { ...EMPTY_CONTROL, incidents: new Map([['inc-1', incident]]) };
    expect(ask('incident-active', { control })).toBe(true);
  });
});
