import type { Incident, Signal } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import {
  breakerOf,
  hubOf,
  observationOf,
  START_MS,
  sliceView,
  viewOf,
} from '../recover/testing/recovery-world.ts';
import { detect, isGone } from './detect.ts';
import { groupSignals } from './explain.ts';
import type { Observation, PartitionObservation, WindowObservation } from './observation.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const causes = (parts: Partial<Observation>) => detect(observationOf(parts)).map(({ cause }) => cause);
const one = (parts: Partial<Observation>): Signal => {
  const [signal, ...more] = detect(observationOf(parts));
  if (signal === undefined || more.length > 0) throw new Error(`${more.length} more`);
  return signal;
};

function incidentOf(signal: Signal, parts: Partial<Incident> = {}): Incident {
  return {
    id: 'inc-1',
    ...signal,
    state: 'open',
    openedAt: new Date(START_MS).toISOString(),
    since: new Date(START_MS).toISOString(),
    deadline: new Date(START_MS + HOUR).toISOString(),
    signals: 1,
    timeline: [],
    ...parts,
  };
}

const goneIn = (signal: Signal, parts: Partial<Observation>): boolean => {
  const o = observationOf(parts);
  return isGone(o, detect(o), incidentOf(signal));
};

function withIncident(incident: Incident): Observation['control'] {
  return { ...EMPTY_CONTROL, incidents: new Map([[incident.id, incident]]) };
}

function paused(target: string): Observation['control'] {
  const stop = { target, reason: 'maintenance', by: 'ann', since: '' };
  return { ...EMPTY_CONTROL, pauses: new Map([[target, stop]]) };
}

function partition(parts: Partial<PartitionObservation>): PartitionObservation {
  const [first] = hubOf().partitions;
  if (first === undefined) throw new Error('a partition');
  return { ...first, ...parts };
}

const hubs = (...partitions: PartitionObservation[]) => [hubOf({ partitions })];

it('nothing is wrong where all is well, and nothing is said where nothing is known', () => {
  expect(causes({})).toEqual([]);
  const blind = { views: undefined, viewsAtMs: undefined, hubs: [hubOf({ atMs: undefined })], breakers: [] };
  expect(causes(blind)).toEqual([]);
});

describe('freshness', () => {
  const behind = (ms: number) => ({ completeToMs: new Map([['gold.sales', START_MS - ms]] as const) });

  it('is missed by time alone, though no run was ever made', () => {
    expect(causes(behind(2 * HOUR))).toEqual([]);
    expect(one(behind(3 * HOUR))).toMatchObject({
      cause: 'freshness:gold.sales',
      severity: 'error',
      title: 'gold.sales is 3 h behind, 2 h are allowed',
    });
  });

  it('of a source is that of its bronze', () => {
    const completeToMs = new Map([['bronze.vendors', START_MS - 51 * HOUR]] as const);
    expect(one({ completeToMs })).toMatchObject({
      cause: 'freshness:source:vendors',
      evidence: { dataset: 'bronze.vendors' },
    });
  });

  it('is no matter while somebody stopped what it is made from', () => {
    expect(causes({ ...behind(3 * HOUR), control: paused('source:orders') })).toEqual([]);
    const expired = {
      target: 'source:orders',
      reason: 'x',
      by: 'ann',
      since: '',
      until: new Date(START_MS - 1).toISOString(),
    };
    const control = { ...EMPTY_CONTROL, pauses: new Map([['source:orders', expired]]) };
    expect(causes({ ...behind(3 * HOUR), control })).toHaveLength(1);
  });

  it('is well again only when it is known how far it is', () => {
    const signal = one(behind(3 * HOUR));
    expect([goneIn(signal, {}), goneIn(signal, behind(HOUR)), goneIn(signal, behind(3 * HOUR))]).toEqual([
      false,
      true,
      false,
    ]);
  });
});

describe('lag', () => {
  it('names the one partition that is behind among many', () => {
    const many = Array.from({ length: 32 }, (_, index) =>
      partition({ partition: index, last: index === 7 ? 100_099n : 599n, advancedMs: START_MS }),
    );
    expect(one({ hubs: hubs(...many) })).toMatchObject({
      cause: 'lag:orders',
      evidence: { partition: 7, partitions: '7', events: 100_000 },
    });
  });

  it('is none on a partition that was never written', () => {
    expect(
      causes({ hubs: hubs(partition({ last: undefined, checkpoint: undefined, advancedMs: 0 })) }),
    ).toEqual([]);
  });

  it('counts only what the hub still holds', () => {
    const expired = partition({ first: 5_000n, last: 5_100n, checkpoint: undefined, advancedMs: START_MS });
    expect(causes({ hubs: hubs(expired) })).toEqual([]);
  });

  it('holds 64-bit sequence numbers', () => {
    const far = 2n ** 62n;
    const behind = partition({ last: far + 2_000n, checkpoint: far, advancedMs: START_MS });
    expect(one({ hubs: hubs(behind) }).evidence.events).toBe(2_000);
  });

  it('is not judged while the hub does not answer', () => {
    const behind = partition({ last: 9_999n, advancedMs: START_MS });
    expect(causes({ hubs: [hubOf({ partitions: [behind], error: 'timeout' })] })).toEqual([]);
  });
});

describe('a stalled partition', () => {
  const still = partition({ last: 100n, advancedMs: START_MS - 66_000 });

  it('has something to read and does not move, although the hub answers', () => {
    expect(one({ hubs: hubs(still) })).toMatchObject({
      cause: 'stalled-partition:orders',
      severity: 'error',
    });
    expect(causes({ hubs: hubs({ ...still, advancedMs: START_MS - 65_000 }) })).toEqual([]);
  });

  it('is none before the next drain is due', () => {
    expect(causes({ hubs: hubs(still), drainEveryMs: 5 * MINUTE })).toEqual([]);
  });

  it('is well again when it moved, and not because a restart forgot how long it stood', () => {
    const signal = one({ hubs: hubs(still) });
    expect(goneIn(signal, { hubs: hubs({ ...still, advancedMs: START_MS }) })).toBe(false);
    expect(goneIn(signal, { hubs: hubs({ ...still, checkpoint: 100n, advancedMs: START_MS }) })).toBe(true);
    expect(goneIn(signal, { hubs: [] })).toBe(false);
  });
});

describe('a failed slice', () => {
  const failure = {
    dataset: 'silver.orders',
    reason: 'overflow',
    attempts: 2,
    sinceMs: START_MS - 5,
    nextAttemptMs: 0,
  } as const;
  const failures = ['2026-11-20', '2026-11-21'].map((slice) => ({ ...failure, slice }));

  it('is one signal a dataset, with all its slices as targets', () => {
    expect(one({ failures })).toMatchObject({
      cause: 'failed-slice:silver.orders',
      targets: ['silver.orders@2026-11-20', 'silver.orders@2026-11-21'],
      title: 'silver.orders failed: 2 slices: overflow',
    });
  });

  it('names at most a hundred of them and counts all', () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ ...failure, slice: `2026-11-20T${index}` }));
    const signal = one({ failures: many });
    expect([signal.targets.length, signal.evidence.slices]).toEqual([100, 500]);
  });

  it('is well again when it is fresh, not when it is no longer listed', () => {
    const signal = one({ failures });
    const views = (fresh: boolean) => ({
      views: new Map([
        [
          'silver.orders',
          viewOf('silver.orders', [sliceView('2026-11-20', true), sliceView('2026-11-21', fresh)]),
        ],
      ] as const),
    });
    expect([
      goneIn(signal, views(false)),
      goneIn(signal, views(true)),
      goneIn(signal, { views: undefined }),
    ]).toEqual([false, true, false]);
  });
});

describe('a batch window', () => {
  const window = (parts: Partial<WindowObservation>): Partial<Observation> => ({
    windows: [
      {
        source: 'vendors',
        dataset: 'bronze.vendors',
        window: '2026-11-21',
        state: 'failed',
        sinceMs: START_MS,
        attempts: 4,
        ...parts,
      },
    ],
  });

  it('that brought no rows is a failure of its own kind', () => {
    expect(causes(window({ isZeroRows: true }))).toEqual(['zero-rows:vendors/2026-11-21']);
    expect(causes(window({ reason: 'copy failed' }))).toEqual(['batch-failed:vendors/2026-11-21']);
  });

  it('that runs longer than its objective is stuck', () => {
    expect(causes(window({ state: 'running', sinceMs: START_MS - 30 * MINUTE }))).toEqual([]);
    expect(one(window({ state: 'running', sinceMs: START_MS - 31 * MINUTE, runId: 'r' }))).toMatchObject({
      cause: 'stuck-run:vendors/2026-11-21',
      title: 'Data Factory run of vendors is stuck: 31 min',
      evidence: { run: 'r', window: '2026-11-21' },
    });
  });

  it('is well again when it, or a later one, landed', () => {
    const signal = one(window({}));
    const states = (['due', 'running', 'landed'] as const).map((state) => goneIn(signal, window({ state })));
    expect(states).toEqual([false, false, true]);
    expect(goneIn(signal, window({ window: '2026-11-22', state: 'running' }))).toBe(true);
    expect(goneIn(signal, { windows: [] })).toBe(false);
  });
});

describe('a breaker', () => {
  it('that is open, or being probed, is one cause with what waits for it', () => {
    const parked = new Map([
      ['silver.orders', 'storage'],
      ['source:orders', 'event-hubs'],
    ]);
    for (const state of ['open', 'half-open'] as const) {
      expect(one({ breakers: [breakerOf('storage', state)], parked })).toMatchObject({
        cause: 'breaker-open:storage',
        severity: 'critical',
        targets: ['silver.orders'],
      });
    }
  });

  it('is well again when it is closed, not when it is unknown', () => {
    const signal = one({ breakers: [breakerOf('storage', 'open')] });
    expect([goneIn(signal, { breakers: [] }), goneIn(signal, { breakers: [breakerOf('storage')] })]).toEqual([
      false,
      true,
    ]);
  });
});

describe('rows', () => {
  const view = (
    accounting: { in: number; out: number; quarantined: number; duplicates: number },
    slice = '2026-11-22',
    writtenMs = 0,
  ) => ({
    views: new Map([
      ['silver.orders', viewOf('silver.orders', [sliceView(slice, true, accounting, writtenMs)])],
    ] as const),
  });

  it('that do not add up are critical', () => {
    expect(one(view({ in: 10, out: 8, quarantined: 1, duplicates: 0 }))).toMatchObject({
      cause: 'accounting:silver.orders',
      severity: 'critical',
      evidence: { in: 10, out: 8 },
    });
  });

  it('in quarantine are too many above the objective of the dataset, if there are enough to tell', () => {
    expect(causes(view({ in: 1_000, out: 800, quarantined: 200, duplicates: 0 }))).toEqual([]);
    expect(causes(view({ in: 99, out: 0, quarantined: 99, duplicates: 0 }))).toEqual([]);
    expect(one(view({ in: 1_000, out: 700, quarantined: 300, duplicates: 0 }))).toMatchObject({
      cause: 'quarantine-rate:silver.orders',
      title: '30 % of 1 slice of silver.orders are in quarantine',
    });
  });

  it('in quarantine count in the last slices, and in older ones that were written in the last hour', () => {
    const days = Array.from({ length: 10 }, (_, index) => `2026-11-${20 - index}`);
    const flood = { in: 1_000, out: 0, quarantined: 1_000, duplicates: 0 };
    const well = { in: 1_000, out: 1_000, quarantined: 0, duplicates: 0 };
    const seen = (writtenMs: number) => {
      const slices = days.map((day, index) => sliceView(day, true, index === 9 ? flood : well, writtenMs));
      return causes({ views: new Map([['silver.orders', viewOf('silver.orders', slices)]] as const) });
    };
    expect([seen(0), seen(START_MS - 1_000)]).toEqual([[], ['quarantine-rate:silver.orders']]);
  });

  it('in quarantine that people accepted are told again only when there are half as many more', () => {
    const flood = (quarantined: number) =>
      view({ in: 2_000, out: 2_000 - quarantined, quarantined, duplicates: 0 });
    const control = withIncident(
      incidentOf(one(flood(1_000)), { state: 'resolved', endedAt: new Date(START_MS).toISOString() }),
    );
    expect([causes({ ...flood(1_500), control }), causes({ ...flood(1_501), control })]).toEqual([
      [],
      ['quarantine-rate:silver.orders'],
    ]);
  });
});

describe('a gap', () => {
  const gaps = [{ source: 'orders', partition: 1, first: '100', last: '199', atMs: START_MS }];

  it('is critical, says its offsets, and ends when a person has seen it', () => {
    const signal = one({ gaps });
    expect(signal).toMatchObject({
      cause: 'gap:orders/1/100',
      severity: 'critical',
      evidence: { first: '100', last: '199', events: 100 },
    });
    const seen = incidentOf(signal, { acknowledgedBy: 'ann' });
    const o = observationOf({ gaps, control: withIncident(seen) });
    expect([detect(o), isGone(o, [], seen), goneIn(signal, {})]).toEqual([[], true, false]);
  });
});

describe('Azure Monitor', () => {
  it('counted more events than are in bronze', () => {
    const ingress = (landed: number) => ({
      ingress: [{ source: 'orders', sinceMs: 0, untilMs: 1, incoming: 1_000, landed }],
    });
    expect([causes(ingress(990)), causes(ingress(989)), causes(ingress(1_500))]).toEqual([
      [],
      ['ingress-mismatch:orders'],
      [],
    ]);
    const signal = one(ingress(0));
    expect([goneIn(signal, {}), goneIn(signal, ingress(1_000))]).toEqual([false, true]);
  });

  it('answers a rule of the pipeline file with too much, or cannot be asked', () => {
    const rules = (fired: boolean, error?: string) => ({
      rules: [
        { rule: 'failed_runs', atMs: START_MS, fired, value: 3, ...(error !== undefined && { error }) },
      ],
    });
    const signal = one(rules(true));
    expect(signal).toMatchObject({
      cause: 'log-rule:failed_runs',
      severity: 'warning',
      targets: ['source:vendors'],
    });
    expect([causes(rules(false)), causes(rules(true, '403'))]).toEqual([[], []]);
    expect([goneIn(signal, rules(false)), goneIn(signal, rules(false, '403')), goneIn(signal, {})]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('one root cause', () => {
  const failures = [
    { dataset: 'silver.orders', slice: '2026-11-22', reason: 'x', attempts: 1, sinceMs: 0, nextAttemptMs: 0 },
  ] as const;
  const late = new Map([['gold.sales', START_MS - 9 * HOUR]] as const);
  const grouped = (parts: Partial<Observation>, active: readonly Incident[] = []) => {
    const o = observationOf(parts);
    const { roots, folded } = groupSignals(o, detect(o), active);
    return [
      roots.map(({ cause }) => cause),
      [...folded].map(([root, signals]) => `${root} ← ${signals.map(({ cause }) => cause).join()}`),
    ];
  };

  it('takes up all that a silent storage explains', () => {
    expect(grouped({ failures, completeToMs: late, breakers: [breakerOf('storage', 'open')] })).toEqual([
      ['breaker-open:storage'],
      ['breaker-open:storage ← freshness:gold.sales,failed-slice:silver.orders'],
    ]);
  });

  it('takes up what is below it in the lineage, and nothing beside it', () => {
    expect(grouped({ failures, completeToMs: late })).toEqual([
      ['failed-slice:silver.orders'],
      ['failed-slice:silver.orders ← freshness:gold.sales'],
    ]);
    const vendors = [{ ...failures[0], dataset: 'silver.vendors' }] as const;
    expect(grouped({ failures: vendors, completeToMs: late })[1]).toEqual([]);
  });

  it('is not a breaker of something else', () => {
    const breakers = [breakerOf('data-factory', 'open')];
    expect(grouped({ failures, breakers })[0]).toEqual([
      'failed-slice:silver.orders',
      'breaker-open:data-factory',
    ]);
  });

  it('goes on explaining while its incident is not ended, so a backlog that drains is no news', () => {
    const storage = incidentOf(one({ breakers: [breakerOf('storage', 'open')] }), { state: 'verifying' });
    expect(grouped({ completeToMs: late }, [storage])).toEqual([
      [],
      ['breaker-open:storage ← freshness:gold.sales'],
    ]);
  });

  it('never hides rows that do not add up, a gap, or a flood', () => {
    const unbalanced = sliceView('2026-11-22', true, { in: 3, out: 1, quarantined: 0, duplicates: 0 });
    const parts = {
      views: new Map([['silver.orders', viewOf('silver.orders', [unbalanced])]] as const),
      gaps: [{ source: 'orders', partition: 1, first: '1', last: '2', atMs: START_MS }],
      breakers: [breakerOf('storage', 'open')],
    };
    expect(grouped(parts)[0]).toEqual(['breaker-open:storage', 'accounting:silver.orders', 'gap:orders/1/1']);
  });

  it('takes up an alert about the same thing, and leaves one about another', () => {
    const alertOn = (resourceType: string) => ({
      alerts: [
        {
          alert: 'a',
          rule: 'r',
          severity: 'error',
          resourceType,
          resourceId: 'x',
          targets: ['all'],
          firedMs: START_MS,
          receivedMs: START_MS,
        },
      ],
      breakers: [breakerOf('storage', 'open')],
    });
    expect(grouped(alertOn('microsoft.storage/storageaccounts'))[0]).toEqual(['breaker-open:storage']);
    expect(grouped(alertOn('microsoft.eventhub/namespaces'))[0]).toHaveLength(2);
  });
});
