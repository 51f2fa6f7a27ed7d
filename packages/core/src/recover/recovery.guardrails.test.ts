import { formatProblem, type RunbookMode } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import type { ActiveAlert } from '../observe/observation.ts';
import { type LoadedRunbook, parseRunbook } from './runbook-file.ts';
import { planOf, RecoveryWorld, START_MS, sliceView, viewOf } from './testing/recovery-world.ts';
import { Watch, type WatchDeps } from './watch.ts';

function runbook(text: string): LoadedRunbook {
  const reading = parseRunbook(text, 'test.yaml');
  if (reading.kind === 'problems') throw new Error(reading.problems.map(formatProblem).join('\n'));
  return reading.runbook;
}

/** A runbook for failed slices; `more` stands beside its steps. */
function mend(steps: string, more = ''): LoadedRunbook {
  return runbook(`apiVersion: lakewarden/v1
kind: Runbook
name: mend
title: Mend a slice
match: { kinds: [failed-slice] }
mode: auto
steps:
${steps}
verify: { checks: [{ check: slices-fresh }], within: 1m, stableFor: 2s, onFail: rollback }
escalate: { message: Look at it }
${more}`);
}

const RETRY = `  - { id: retry, action: retry, with: { target: "{dataset}" }, timeout: 20s }`;
const HELD = `  - { id: hold, action: hold, with: { slice: "{slice}", reason: testing }, undo: { action: release, with: { slice: "{slice}" } } }`;

function failingWorld(book: LoadedRunbook, mode?: RunbookMode, slices = ['2026-11-22']): RecoveryWorld {
  const world = new RecoveryWorld(new Map([[book.name, book]]), mode && { mend: mode });
  fail(world, slices);
  world.onAct = ({ action }) => {
    if (action === 'retry') fail(world, []);
    return undefined;
  };
  return world;
}

function fail(world: RecoveryWorld, slices: readonly string[]): void {
  const failure = {
    dataset: 'silver.orders',
    reason: 'engine ended',
    attempts: 1,
    sinceMs: 0,
    nextAttemptMs: 0,
  } as const;
  world.failures = slices.map((slice) => ({ ...failure, slice }));
  const views = (slices.length === 0 ? ['2026-11-22'] : slices).map((slice) =>
    sliceView(slice, slices.length === 0),
  );
  world.views = new Map(world.views).set('silver.orders', viewOf('silver.orders', views));
}

const seconds = async (world: RecoveryWorld, count: number) => {
  for (let second = 0; second < count; second++) await world.second();
};
const actions = (world: RecoveryWorld) => world.acts.map(({ action }) => action);
const execution = (world: RecoveryWorld) => [...world.control.executions.values()].at(-1);
const steps = (world: RecoveryWorld) => execution(world)?.steps.map(({ id, state }) => `${id} ${state}`);
const calls = (world: RecoveryWorld) =>
  world.facts.flatMap((fact) => (fact.type === 'PersonCalled' ? [fact.message] : []));
const approve = (world: RecoveryWorld) =>
  world.decide([{ type: 'ExecutionMoved', execution: execution(world)?.id ?? '', to: 'running', by: 'ann' }]);

function alertAt(nowMs: number, id = 'a1', rule = 'latency'): ActiveAlert {
  return {
    alert: id,
    rule,
    severity: 'info',
    resourceType: 'microsoft.storage/storageaccounts',
    resourceId: '/subscriptions/s/resourcegroups/r/providers/microsoft.storage/storageaccounts/lake',
    targets: ['all'],
    firedMs: nowMs,
    receivedMs: nowMs,
  };
}

const LOOK = runbook(`apiVersion: lakewarden/v1
kind: Runbook
name: look
title: Look at what an alert is about
match: { kinds: [alert], resourceTypes: ["Microsoft.Storage/*"] }
mode: auto
steps:
  - { id: probe, action: probe, with: { dependency: "{dependency}" }, timeout: 30s }
  - { id: reset, action: reset-breaker, with: { dependency: "{dependency}" }, when: [{ check: breaker-open }] }
  - { id: resume, action: reconcile }
verify: { checks: [{ check: all-breakers-closed }, { check: lag-at-most }, { check: slices-fresh }], within: 1m, stableFor: 2s }
escalate: { message: Look }
`);

describe('an alert', () => {
  it('opens an incident, makes the agent look, and is closed although Azure still says that it is on', async () => {
    const world = new RecoveryWorld(new Map([['look', LOOK]]));
    world.alerts = [alertAt(world.nowMs)];
    await seconds(world, 120);
    expect(world.incidents()).toEqual([expect.stringMatching(/^alert:latency@.* resolved$/)]);
    expect(steps(world)).toEqual(['probe done', 'reset skipped', 'resume done']);
    expect([world.probes, world.wakes, actions(world)]).toEqual([1, 1, []]);
  });

  it('that comes a thousand times is one incident and one execution', async () => {
    const world = new RecoveryWorld(new Map([['look', LOOK]]));
    world.alerts = Array.from({ length: 1_000 }, (_, index) => alertAt(START_MS + index, `a${index}`));
    await seconds(world, 120);
    expect([world.incidents().length, world.executions()]).toEqual([1, ['look succeeded']]);
  });

  it('of ten thousand rules on one resource is one incident, too', async () => {
    const world = new RecoveryWorld(new Map([['look', LOOK]]));
    world.alerts = Array.from({ length: 10_000 }, (_, index) =>
      alertAt(START_MS, `a${index}`, `rule ${index}`),
    );
    await seconds(world, 60);
    expect([world.incidents().length, world.executions().length]).toEqual([1, 1]);
  });

  it('that fires again later is looked at again, but not within the cooldown: then people are', async () => {
    const world = new RecoveryWorld(new Map([['look', LOOK]]));
    world.alerts = [alertAt(world.nowMs)];
    await seconds(world, 60);
    world.alerts = [alertAt(world.nowMs, 'a2')];
    await seconds(world, 5);
    expect(world.incidents()).toEqual([expect.stringMatching(/ escalated$/)]);
    expect(calls(world)).toEqual([expect.stringMatching(/it ran on this cause less than 10m ago/)]);
    world.alerts = [];
    await seconds(world, 30);
    expect(world.incidents()).toEqual([expect.stringMatching(/ resolved$/)]);
    world.nowMs += 1_200_000;
    world.alerts = [alertAt(world.nowMs, 'a3')];
    await seconds(world, 60);
    expect(world.executions()).toEqual(['look succeeded', 'look succeeded']);
  });
});

describe('the mode of a runbook', () => {
  it('shadow records what would be done and touches nothing', async () => {
    const world = failingWorld(mend(RETRY), 'shadow');
    await seconds(world, 60);
    expect([world.incidents(), world.executions(), actions(world)]).toEqual([
      ['failed-slice:silver.orders open'],
      ['mend shadowed'],
      [],
    ]);
  });

  it('suggest names it in the incident, once', async () => {
    const world = failingWorld(mend(RETRY), 'suggest');
    await seconds(world, 60);
    const [incident] = world.control.incidents.values();
    const lines = incident?.timeline.filter(({ what }) => what.includes('could help')) ?? [];
    expect(lines.map(({ what }) => what)).toEqual([
      expect.stringContaining(`lakewarden runbook run mend --incident ${incident?.id}`),
    ]);
    expect(actions(world)).toEqual([]);
  });

  it('approve waits for a person, then goes on', async () => {
    const world = failingWorld(mend(RETRY), 'approve');
    await seconds(world, 60);
    expect([world.executions(), actions(world), calls(world).length]).toEqual([
      ['mend waiting-approval'],
      [],
      1,
    ]);
    approve(world);
    await seconds(world, 10);
    expect([world.incidents(), actions(world)]).toEqual([['failed-slice:silver.orders resolved'], ['retry']]);
  });

  it('approve ends at its timeout with people', async () => {
    const world = failingWorld(mend(RETRY, 'guardrails: { approvalTimeout: 5m }'), 'approve');
    await seconds(world, 310);
    expect([world.incidents(), world.executions()]).toEqual([
      ['failed-slice:silver.orders escalated'],
      ['mend escalated'],
    ]);
    expect(calls(world).at(-1)).toBe('Look at it: nobody approved it within 5m');
  });

  it('approve asks no longer when the cause is gone by itself', async () => {
    const world = failingWorld(mend(RETRY), 'approve');
    await seconds(world, 5);
    fail(world, []);
    await seconds(world, 30);
    expect([world.incidents(), world.executions()]).toEqual([
      ['failed-slice:silver.orders resolved'],
      ['mend rejected'],
    ]);
  });
});

describe('a step that does not go well', () => {
  it('is tried again as often as the file says', async () => {
    const world = failingWorld(
      mend(RETRY.replace(' }, timeout', ' }, retry: { max: 2, backoff: 3s }, timeout')),
    );
    let tries = 0;
    world.failAct = () => {
      if (++tries < 3) throw new Error('not now');
    };
    await seconds(world, 30);
    expect([tries, world.incidents()]).toEqual([3, ['failed-slice:silver.orders resolved']]);
  });

  it('is not tried again when it was refused', async () => {
    const world = failingWorld(mend(RETRY.replace(' }, timeout', ' }, retry: { max: 2 }, timeout')));
    world.onAct = () => ({ kind: 'refused', reason: 'frozen' });
    await seconds(world, 30);
    expect([actions(world), calls(world)]).toEqual([['retry'], ['Look at it: step retry failed: frozen']]);
  });

  it('is skipped when what it was to mend ended meanwhile', async () => {
    const world = failingWorld(mend(RETRY.replace('timeout', 'when: [{ check: slices-failed }], timeout')));
    world.onAct = () => {
      fail(world, []);
      return { kind: 'refused', reason: 'nothing of it has failed' };
    };
    await seconds(world, 30);
    expect([steps(world), world.incidents()]).toEqual([
      ['retry skipped'],
      ['failed-slice:silver.orders resolved'],
    ]);
  });

  it('is given up when it hangs, and the watch goes on meanwhile', async () => {
    const hanging = failingWorld(mend(RETRY));
    let isAborted = false;
    // A dependency that never answers: only the step's own signal ends the call.
    const perform: WatchDeps['perform'] = (_action, _request, _as, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          isAborted = true;
          reject(new Error('aborted'));
        });
      });
    hanging.watch = new Watch({ ...hanging.deps(), perform });
    for (let second = 0; second < 40; second++) {
      hanging.nowMs += 1_000;
      hanging.watch.step();
      await Promise.resolve();
    }
    expect([isAborted, hanging.incidents()]).toEqual([true, ['failed-slice:silver.orders escalated']]);
    expect(calls(hanging)).toEqual(['Look at it: step retry failed: no answer within 20s']);
  });

  it('makes the steps before it undone, last first', async () => {
    const world = failingWorld(mend(`${HELD}\n${RETRY}`));
    world.failAct = ({ action }) => {
      if (action === 'retry') throw new Error('broken');
    };
    await seconds(world, 30);
    expect(actions(world)).toEqual(['hold', 'release']);
    expect([steps(world), world.executions(), world.incidents()]).toEqual([
      ['hold undone', 'retry failed'],
      ['mend rolled-back'],
      ['failed-slice:silver.orders escalated'],
    ]);
    expect(world.ignored).toEqual([]);
  });

  it('calls people at once when even the undoing fails', async () => {
    const world = failingWorld(mend(`${HELD}\n${RETRY}`));
    world.failAct = ({ action }) => {
      if (action !== 'hold') throw new Error('broken');
    };
    await seconds(world, 30);
    expect(world.executions()).toEqual(['mend escalated']);
    expect(calls(world).at(-1)).toBe('Look at it: step hold could not be undone: broken');
  });
});

describe('a verification that fails', () => {
  it('makes everything undone and calls people', async () => {
    const world = failingWorld(mend(`${HELD}\n${RETRY}`));
    world.onAct = () => undefined;
    await seconds(world, 90);
    expect([actions(world), steps(world)]).toEqual([
      ['hold', 'retry', 'release'],
      ['hold undone', 'retry done'],
    ]);
    expect(world.executions()).toEqual(['mend rolled-back']);
    expect(calls(world).at(-1)).toMatch(/not verified/);
  });

  it('does not count evidence from before the steps', async () => {
    const world = failingWorld(mend(RETRY));
    world.onAct = () => {
      fail(world, []);
      world.parts = { viewsAtMs: world.nowMs - 1 };
      return undefined;
    };
    await seconds(world, 30);
    expect(world.executions()).toEqual(['mend verifying']);
    world.parts = {};
    await seconds(world, 10);
    expect(world.executions()).toEqual(['mend succeeded']);
  });

  it('does not end while the detectors still see the cause', async () => {
    const always = mend(RETRY).yaml.replace('check: slices-fresh', 'check: no-backfill-running');
    const world = failingWorld(runbook(always));
    world.onAct = () => undefined;
    await seconds(world, 70);
    expect(world.incidents()).toEqual(['failed-slice:silver.orders escalated']);
    expect(calls(world).at(-1)).toBe(
      'Look at it: not verified within 1m: failed-slice:silver.orders is still there',
    );
  });
});

describe('a plan that a step makes', () => {
  const REBUILD = `  - { id: rebuild, action: replay, with: { target: "{dataset}" }, timeout: 30s }`;
  const world = (size: number) => {
    const made = failingWorld(mend(REBUILD, 'guardrails: { blastRadius: 3, approvalTimeout: 10m }'));
    made.onAct = ({ action }) => {
      if (action === 'apply') fail(made, []);
      if (action !== 'replay') return undefined;
      const plan = planOf(
        Array.from({ length: size }, (_, index) => `silver.orders@2026-11-${10 + index}`),
        'cafe',
      );
      return { kind: 'performed', result: { action, outcome: 'planned', message: '', effects: [], plan } };
    };
    return made;
  };

  it('is applied when it is small', async () => {
    const small = world(3);
    await seconds(small, 20);
    expect(small.acts.map(({ action, input }) => [action, input.plan])).toEqual([['apply', 'cafe']]);
    expect(small.incidents()).toEqual(['failed-slice:silver.orders resolved']);
  });

  it('waits for a person when it is larger than the blast radius, and that very plan is applied', async () => {
    const large = world(4);
    await seconds(large, 20);
    expect([large.executions(), actions(large)]).toEqual([['mend waiting-approval'], []]);
    expect(calls(large)).toEqual(['plan cafe builds 4 slices, blastRadius is 3']);
    large.restart();
    approve(large);
    await seconds(large, 10);
    expect(large.acts.map(({ action, input }) => [action, input.plan])).toEqual([['apply', 'cafe']]);
    expect(large.incidents()).toEqual(['failed-slice:silver.orders resolved']);
  });

  it('is made again when the world moved before it was applied', async () => {
    const moving = world(3);
    const { onAct } = moving;
    let refusals = 0;
    moving.runbooks.set('mend', mend(REBUILD.replace('timeout', 'retry: { max: 1, backoff: 1s }, timeout')));
    moving.onAct = (act) =>
      act.action === 'apply' && refusals++ === 0 ? { kind: 'refused', reason: 'moved' } : onAct(act);
    await seconds(moving, 30);
    expect([refusals, moving.incidents()]).toEqual([2, ['failed-slice:silver.orders resolved']]);
  });

  it('is not applied twice when the agent dies between applying and writing it down', async () => {
    const small = world(3);
    small.crashIn = 4;
    await seconds(small, 30);
    expect([actions(small), small.incidents()]).toEqual([['apply'], ['failed-slice:silver.orders resolved']]);
  });
});

describe('guardrails', () => {
  it('keep a runbook from what is too large for it', async () => {
    const slices = ['2026-11-20', '2026-11-21', '2026-11-22'];
    const world = failingWorld(mend(RETRY, 'guardrails: { blastRadius: 2 }'), undefined, slices);
    await seconds(world, 5);
    expect([actions(world), calls(world)]).toEqual([
      [],
      [expect.stringMatching(/would touch 3 slices, its blastRadius is 2/)],
    ]);
  });

  it('wait for preconditions, say so once, and start when they hold', async () => {
    const world = failingWorld(
      mend(RETRY, 'preconditions: [{ check: no-freeze, with: { target: "{dataset}" } }]'),
    );
    world.decide([{ type: 'Frozen', target: 'silver', reason: 'maintenance' }]);
    await seconds(world, 30);
    expect(actions(world)).toEqual([]);
    const [incident] = world.control.incidents.values();
    expect(incident?.timeline.filter(({ what }) => what.includes('no-freeze is false'))).toHaveLength(1);
    world.decide([{ type: 'Thawed', target: 'silver' }]);
    await seconds(world, 10);
    expect(world.incidents()).toEqual(['failed-slice:silver.orders resolved']);
  });

  it('are looked at again right before each step', async () => {
    const steps = `  - { id: first, action: wait, with: { for: 5s }, timeout: 10s }\n${RETRY}`;
    const world = failingWorld(mend(steps, 'preconditions: [{ check: no-freeze }]'));
    await seconds(world, 3);
    world.decide([{ type: 'Frozen', target: 'all', reason: 'stop everything' }]);
    await seconds(world, 60);
    expect(actions(world)).toEqual([]);
    expect(calls(world)).toEqual(['Look at it: step retry failed: precondition: no-freeze is false']);
  });

  it('leave an incident alone that a person looks after', async () => {
    const world = failingWorld(mend(RETRY), undefined, []);
    await seconds(world, 1);
    fail(world, ['2026-11-22']);
    const first = world.watch;
    world.runbooks.clear();
    await seconds(world, 2);
    const [incident] = world.control.incidents.values();
    world.decide([{ type: 'IncidentAcknowledged', incident: incident?.id ?? '', by: 'ann' }]);
    world.runbooks.set('mend', mend(RETRY));
    await seconds(world, 30);
    expect([first === world.watch, actions(world)]).toEqual([true, []]);
  });

  it('let one runbook at a time work on the same data', async () => {
    const slow = mend(`${RETRY}\n  - { id: rest, action: wait, with: { for: 30s } }`);
    const other = runbook(
      slow.yaml
        .replace('name: mend', 'name: unstick')
        .replace('[failed-slice]', '[stuck-run]')
        .replace('"{dataset}"', '"source:{source}"'),
    );
    const world = new RecoveryWorld(
      new Map([
        ['mend', slow],
        ['unstick', other],
      ]),
    );
    const window = {
      source: 'vendors',
      dataset: 'bronze.vendors',
      window: '2026-11-21',
      attempts: 1,
    } as const;
    world.windows = [{ ...window, state: 'running', sinceMs: START_MS - 7_200_000, runId: 'r' }];
    const failure = { slice: '2026-11-21', reason: 'x', attempts: 1, sinceMs: 0, nextAttemptMs: 0 };
    world.failures = [{ ...failure, dataset: 'silver.vendors' }];
    await seconds(world, 10);
    expect(world.executions()).toHaveLength(2);
    world.failures = [];
    const same = new RecoveryWorld(
      new Map([
        ['mend', slow],
        [
          'unstick',
          runbook(other.yaml.replace('[stuck-run]', '[accounting]').replace('source:{source}', '{dataset}')),
        ],
      ]),
    );
    fail(same, ['2026-11-22']);
    const unbalanced = { in: 5, out: 4, quarantined: 0, duplicates: 0 };
    same.views = new Map(same.views).set(
      'silver.orders',
      viewOf('silver.orders', [sliceView('2026-11-22', false, unbalanced)]),
    );
    await seconds(same, 10);
    expect(same.executions()).toHaveLength(1);
  });

  it('stop a runbook that ran too often in an hour', async () => {
    const world = failingWorld(mend(RETRY, 'guardrails: { maxPerHour: 1, cooldown: 1s }'));
    await seconds(world, 60);
    fail(world, ['2026-11-22']);
    await seconds(world, 60);
    expect([world.executions(), world.incidents()]).toEqual([
      ['mend succeeded'],
      ['failed-slice:silver.orders open'],
    ]);
  });
});

describe('an execution', () => {
  it('ends with people when its runbook was changed while it ran', async () => {
    const world = failingWorld(mend(`  - { id: first, action: wait, with: { for: 1m } }\n${RETRY}`));
    await seconds(world, 5);
    world.runbooks.set('mend', mend(RETRY));
    await seconds(world, 2);
    expect([world.executions(), world.incidents()]).toEqual([
      ['mend escalated'],
      ['failed-slice:silver.orders escalated'],
    ]);
  });

  it('ends at the deadline of its incident, however often the agent is restarted', async () => {
    const probe = `  - { id: probe, action: probe, with: { dependency: storage }, timeout: 10m }`;
    const world = failingWorld(mend(probe));
    world.answers = false;
    await world.until(() => {
      world.restart();
      return world.incidents().some((each) => each.endsWith('escalated'));
    }, 7_200);
    expect(world.incidents()).toEqual(['failed-slice:silver.orders escalated']);
    expect(world.nowMs - START_MS).toBeLessThan(1_900_000);
    await seconds(world, 2);
    expect([world.executions(), world.ignored]).toEqual([['mend escalated'], []]);
  });

  it('that is rejected leaves the rest to people', async () => {
    const world = failingWorld(mend(RETRY), 'approve');
    await seconds(world, 5);
    const waiting = execution(world);
    world.decide([
      { type: 'ExecutionMoved', execution: waiting?.id ?? '', to: 'rejected', by: 'ann', note: 'not now' },
      { type: 'IncidentMoved', incident: waiting?.incident ?? '', to: 'escalated', note: 'rejected by ann' },
    ]);
    world.watch.recovery.reject(waiting?.id ?? '');
    await seconds(world, 60);
    expect([world.executions(), actions(world), world.incidents()]).toEqual([
      ['mend rejected'],
      [],
      ['failed-slice:silver.orders escalated'],
    ]);
  });
});

describe('a runbook that a person starts', () => {
  const request = { execution: 'exe-1', runbook: 'mend', by: 'ann' };

  it('on an escalated incident takes it up again', async () => {
    const world = failingWorld(mend(RETRY, 'guardrails: { blastRadius: 100 }'));
    world.onAct = () => ({ kind: 'refused', reason: 'no' });
    await seconds(world, 10);
    const [incident] = world.control.incidents.values();
    expect(incident?.state).toBe('escalated');
    world.nowMs += 7_200_000;
    world.onAct = () => {
      fail(world, []);
      return undefined;
    };
    const prepared = world.watch.recovery.prepare({ ...request, incident: incident?.id ?? '' });
    if (prepared.kind === 'refused') throw new Error(prepared.problem.message);
    expect(prepared.steps).toEqual(['retry: retry target=silver.orders']);
    world.decide([prepared.started]);
    world.watch.recovery.carryOn();
    await seconds(world, 10);
    expect(world.incidents()).toEqual(['failed-slice:silver.orders resolved']);
  });

  it('on a target has no incident and is verified all the same', async () => {
    const world = failingWorld(mend(RETRY), undefined, []);
    const prepared = world.watch.recovery.prepare({ ...request, target: 'silver.orders@2026-11-22' });
    if (prepared.kind === 'refused') throw new Error(prepared.problem.message);
    world.decide([prepared.started]);
    await seconds(world, 10);
    expect([world.executions(), world.incidents(), actions(world)]).toEqual([
      ['mend succeeded'],
      [],
      ['retry'],
    ]);
  });

  it('is refused where it makes no sense', () => {
    const world = failingWorld(mend(RETRY));
    const { recovery } = world.watch;
    const code = (parts: object) => {
      const prepared = recovery.prepare({ ...request, ...parts });
      return prepared.kind === 'refused' ? prepared.problem.code : 'ready';
    };
    expect(code({ runbook: 'none', target: 'silver.orders' })).toBe('not-found');
    expect(code({ incident: 'none' })).toBe('not-found');
    expect(code({ target: 'silver.none' })).toBe('invalid');
    expect(code({})).toBe('invalid');
  });
});
