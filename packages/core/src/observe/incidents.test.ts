import type { Incident, IncidentState } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEntries } from '../policy/apply-entry.ts';
import { sealEntry } from '../policy/audit-entry.ts';
import { type ControlState, EMPTY_CONTROL } from '../policy/control-state.ts';
import { mayIncidentMove } from '../policy/transitions.ts';
import { breakerOf, observationOf, START_MS, sliceView, viewOf } from '../recover/testing/recovery-world.ts';
import { detect } from './detect.ts';
import { INCIDENT_TRANSITIONS, isActive } from './incident-states.ts';
import { INCIDENT_RULES, type IncidentMemory, NO_MEMORY, watchIncidents } from './incidents.ts';
import type { Observation } from './observation.ts';

const MINUTE = 60_000;

/** The log, folded by the real fold; every effect has to be legal. */
class Log {
  control: ControlState = EMPTY_CONTROL;
  memory: IncidentMemory = NO_MEMORY;
  nowMs = START_MS;
  entries = 0;
  readonly ignored: string[] = [];

  /** One pass over a world that is as given. */
  pass(parts: Partial<Observation>, afterMs = 1_000): void {
    this.nowMs += afterMs;
    const o = observationOf({ nowMs: this.nowMs, control: this.control, ...parts });
    const { effects, memory } = watchIncidents(o, detect(o), this.memory);
    this.memory = memory;
    if (effects.length > 0) this.write(effects);
  }

  write(effects: ReturnType<typeof watchIncidents>['effects']): void {
    this.entries++;
    const at = new Date(this.nowMs).toISOString();
    const entry = sealEntry({ actor: 'agent', role: 'agent', effects }, this.control.head, at);
    const folded = applyEntries(this.control, [entry]);
    this.control = folded.state;
    this.ignored.push(...folded.ignored.map(({ reason }) => reason));
  }

  get incidents(): readonly Incident[] {
    return [...this.control.incidents.values()];
  }

  states(): readonly string[] {
    return this.incidents.map(({ cause, state }) => `${cause} ${state}`);
  }
}

const late = (nowMs: number): Partial<Observation> => ({
  completeToMs: new Map([['gold.sales', nowMs - 9 * 3_600_000]] as const),
});
const fresh = (nowMs: number): Partial<Observation> => ({
  completeToMs: new Map([['gold.sales', nowMs]] as const),
});
const failure = {
  dataset: 'silver.orders',
  slice: '2026-11-22',
  reason: 'x',
  attempts: 1,
  sinceMs: START_MS - MINUTE,
  nextAttemptMs: 0,
} as const;

describe('an incident', () => {
  it('opens once for its cause, with its deadline and since when it is so', () => {
    const log = new Log();
    for (let pass = 0; pass < 30; pass++) log.pass({ failures: [failure] });
    expect(log.incidents).toMatchObject([
      {
        cause: 'failed-slice:silver.orders',
        state: 'open',
        since: new Date(START_MS - MINUTE).toISOString(),
        deadline: new Date(START_MS + 1_000 + 30 * MINUTE).toISOString(),
      },
    ]);
    expect(log.entries).toBe(1);
  });

  it('ends by itself when its cause has been gone for a while', () => {
    const log = new Log();
    log.pass(late(log.nowMs));
    log.pass(fresh(log.nowMs));
    expect(log.states()).toEqual(['freshness:gold.sales verifying']);
    log.pass(fresh(log.nowMs), 9_000);
    expect(log.states()).toEqual(['freshness:gold.sales verifying']);
    log.pass(fresh(log.nowMs));
    expect(log.states()).toEqual(['freshness:gold.sales resolved']);
  });

  it('stays while nothing is known, as it is after a restart', () => {
    const log = new Log();
    log.pass({ failures: [failure] });
    for (let pass = 0; pass < 60; pass++) log.pass({ views: undefined, viewsAtMs: undefined });
    expect(log.states()).toEqual(['failed-slice:silver.orders open']);
  });

  it('is open again when its cause comes back while it is verified', () => {
    const log = new Log();
    log.pass(late(log.nowMs));
    log.pass(fresh(log.nowMs));
    log.pass(late(log.nowMs));
    expect(log.states()).toEqual(['freshness:gold.sales open']);
  });

  it('goes on when its cause comes back soon, and is another one later', () => {
    const log = new Log();
    const end = () => {
      log.pass(fresh(log.nowMs));
      log.pass(fresh(log.nowMs), 10_000);
    };
    log.pass(late(log.nowMs));
    end();
    log.pass(late(log.nowMs), 9 * MINUTE);
    expect(log.states()).toEqual(['freshness:gold.sales open']);
    expect(log.incidents[0]?.timeline.at(-1)?.what).toBe('the cause is back');
    end();
    log.pass(late(log.nowMs), 11 * MINUTE);
    expect(log.states()).toEqual(['freshness:gold.sales resolved', 'freshness:gold.sales open']);
    expect(log.ignored).toEqual([]);
  });

  it('that flaps every thirty seconds stays one and reaches people at its deadline', () => {
    const log = new Log();
    let escalations = 0;
    for (let half = 0; half < 200; half++) {
      log.pass(half % 2 === 0 ? late(log.nowMs) : fresh(log.nowMs), 15_000);
      log.pass(half % 2 === 0 ? late(log.nowMs) : fresh(log.nowMs), 15_000);
      if (log.incidents[0]?.state === 'escalated') escalations++;
    }
    expect(log.incidents).toHaveLength(1);
    expect(escalations).toBeGreaterThan(0);
  });

  it('escalates at its deadline, and still ends when its cause is gone', () => {
    const log = new Log();
    log.pass({ failures: [failure] });
    log.pass({ failures: [failure] }, 31 * MINUTE);
    expect(log.states()).toEqual(['failed-slice:silver.orders escalated']);
    log.pass({ failures: [failure] }, 10 * MINUTE);
    expect(log.states()).toEqual(['failed-slice:silver.orders escalated']);
    log.pass({});
    log.pass({}, 10_000);
    expect(log.states()).toEqual(['failed-slice:silver.orders resolved']);
  });

  it('is folded into the one that explains it, when that is found later', () => {
    const log = new Log();
    log.pass({ failures: [failure] });
    const outage = { failures: [failure], breakers: [breakerOf('storage', 'open')] };
    log.pass(outage);
    log.pass(outage);
    expect(log.states()).toEqual(['failed-slice:silver.orders resolved', 'breaker-open:storage open']);
    expect(log.incidents[0]?.timeline.at(-1)?.what).toBe('explained by breaker-open:storage');
    log.pass({ ...outage, ...late(log.nowMs) });
    expect(log.incidents).toHaveLength(2);
    expect(log.incidents[1]?.timeline.map(({ what }) => what)).toContain(
      'also: silver.orders failed: 2026-11-22: x',
    );
  });

  it('shows newer evidence, at most once a minute', () => {
    const log = new Log();
    log.pass({ failures: [failure] });
    const more = { failures: [failure, { ...failure, slice: '2026-11-21' }] };
    for (let pass = 0; pass < 59; pass++) log.pass(more);
    expect(log.incidents[0]?.targets).toHaveLength(1);
    for (let pass = 0; pass < 70; pass++) log.pass(more);
    expect(log.incidents[0]?.targets).toHaveLength(2);
    expect(log.entries).toBe(2);
  });

  it('is opened for five hundred causes and no more', () => {
    const alerts = Array.from({ length: 900 }, (_, index) => ({
      alert: `a${index}`,
      rule: 'r',
      severity: 'warning',
      resourceType: 't',
      resourceId: `id-${index}`,
      targets: ['source:vendors'],
      firedMs: 0,
      receivedMs: START_MS + 1_000_000,
    }));
    const log = new Log();
    log.pass({ alerts });
    log.pass({ alerts });
    expect(log.incidents).toHaveLength(500);
  });
});

describe('the transitions', () => {
  it('are all legal for the control log', () => {
    for (const [from, events] of Object.entries(INCIDENT_TRANSITIONS)) {
      for (const [event, to] of Object.entries(events)) {
        expect(mayIncidentMove(from as IncidentState, to), `${from} + ${event} → ${to}`).toBe(true);
      }
    }
  });

  it('lead from every state to the end, and to people before that', () => {
    for (const from of ['open', 'recovering', 'verifying', 'escalated'] as const) {
      expect(INCIDENT_TRANSITIONS[from].verified).toBe('resolved');
      expect(INCIDENT_TRANSITIONS[from].overdue).toBe('escalated');
    }
  });
});

/** A minute of the world: which of three things are wrong, whether anything is known, and how long it lasts. */
const minutes = fc.array(
  fc.record({
    late: fc.boolean(),
    failed: fc.boolean(),
    breaker: fc.constantFrom('closed', 'open', 'half-open'),
    blind: fc.boolean(),
    restart: fc.boolean(),
    passes: fc.integer({ min: 1, max: 5 }),
    afterMs: fc.constantFrom(1_000, 5_000, 30_000, 5 * MINUTE, 40 * MINUTE),
  }),
  { minLength: 1, maxLength: 60 },
);

function worldOf(
  each: { late: boolean; failed: boolean; breaker: string; blind: boolean },
  nowMs: number,
): Partial<Observation> {
  if (each.blind) return { views: undefined, viewsAtMs: undefined, breakers: [] };
  const slices = [sliceView('2026-11-22', !each.failed)];
  return {
    ...(each.late ? late(nowMs) : fresh(nowMs)),
    failures: each.failed ? [failure] : [],
    views: new Map([['silver.orders', viewOf('silver.orders', slices)]] as const),
    breakers: [breakerOf('storage', each.breaker as 'open' | 'closed' | 'half-open')],
  };
}

describe('whatever happens, in whatever order', () => {
  it('there is at most one active incident a cause, every move is legal, and none is late', () => {
    fc.assert(
      fc.property(minutes, (story) => {
        const log = new Log();
        for (const each of story) {
          if (each.restart) log.memory = NO_MEMORY;
          for (let pass = 0; pass < each.passes; pass++) {
            log.pass(worldOf(each, log.nowMs), each.afterMs);
            const active = log.incidents.filter(isActive);
            expect(new Set(active.map(({ cause }) => cause)).size).toBe(active.length);
            for (const { state, deadline } of active) {
              if (log.nowMs > Date.parse(deadline)) expect(state).toBe('escalated');
            }
          }
        }
        expect(log.ignored).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('all incidents end once everything is well', () => {
    fc.assert(
      fc.property(minutes, (story) => {
        const log = new Log();
        for (const each of story) log.pass(worldOf(each, log.nowMs), each.afterMs);
        const well = { late: false, failed: false, breaker: 'closed', blind: false };
        for (let pass = 0; pass < 5; pass++) log.pass(worldOf(well, log.nowMs), 10_000);
        expect(log.incidents.filter(isActive)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('the same effects come again from a log that does not have them yet', () => {
    const log = new Log();
    const o = observationOf({ nowMs: log.nowMs, failures: [failure] });
    const first = watchIncidents(o, detect(o));
    expect(watchIncidents(o, detect(o))).toEqual(first);
    log.write(first.effects);
    const after = observationOf({ nowMs: log.nowMs, failures: [failure], control: log.control });
    expect(watchIncidents(after, detect(after)).effects).toEqual([]);
  });

  it('a runbook that works on an incident is left alone, but for the deadline', () => {
    const log = new Log();
    log.pass({ failures: [failure] });
    const [incident] = log.incidents;
    const id = incident?.id ?? '';
    log.write([
      {
        type: 'ExecutionStarted',
        execution: 'exe-1',
        runbook: 'r',
        version: 'v',
        mode: 'auto',
        incident: id,
        cause: incident?.cause ?? '',
        steps: [],
        bindings: {},
        state: 'running',
      },
      { type: 'IncidentMoved', incident: id, to: 'recovering', note: '' },
    ]);
    for (let pass = 0; pass < 60; pass++) log.pass({});
    expect(log.states()).toEqual(['failed-slice:silver.orders recovering']);
    log.pass({}, INCIDENT_RULES.deadlineMs.error);
    expect(log.states()).toEqual(['failed-slice:silver.orders escalated']);
  });
});
