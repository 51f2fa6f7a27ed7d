import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shelveRunbooks } from './runbook-file.ts';
import type { Act } from './testing/recovery-world.ts';
import { breakerOf, hubOf, planOf, RecoveryWorld, sliceView, viewOf } from './testing/recovery-world.ts';

const FOLDER = new URL('../../../../runbooks/', import.meta.url);
const SHELF = shelveRunbooks(
  readdirSync(FOLDER).map((name) => {
    const file = `${name}/runbook.yaml`;
    return { file, yaml: readFileSync(new URL(file, FOLDER), 'utf8') };
  }),
);

interface Failure {
  readonly runbook: string;
  readonly cause: string;
  /** Breaks the world, and says how acts mend it. */
  readonly strike: (world: RecoveryWorld) => void;
  /** What was done to the world, once each, in order. */
  readonly acts: readonly string[];
}

const textOf = ({ action, input }: Act) => [action, ...Object.values(input)].join(' ');

const FAILURES: readonly Failure[] = [
  {
    runbook: 'stalled-partition',
    cause: 'stalled-partition:orders',
    strike(world) {
      const advancedMs = world.nowMs - 600_000;
      const [first, second] = hubOf().partitions;
      if (first === undefined || second === undefined) throw new Error('two partitions');
      world.hub = hubOf({ partitions: [first, { ...second, last: 411n, advancedMs }] });
      world.onAct = ({ action }) => {
        if (action === 'retry') {
          world.hub = hubOf({
            partitions: [first, { ...second, last: 411n, checkpoint: 411n, advancedMs: world.nowMs }],
          });
        }
        return undefined;
      };
    },
    acts: ['retry source:orders'],
  },
  {
    runbook: 'stuck-adf-run',
    cause: 'stuck-run:vendors/2026-11-21',
    strike(world) {
      const window = {
        source: 'vendors',
        dataset: 'bronze.vendors',
        window: '2026-11-21',
        attempts: 1,
      } as const;
      world.windows = [{ ...window, state: 'running', sinceMs: world.nowMs - 3_600_000, runId: 'run-7' }];
      world.onAct = ({ action }) => {
        if (action === 'cancel-run') world.windows = [{ ...window, state: 'due', sinceMs: world.nowMs }];
        if (action === 'rerun-adf') world.windows = [{ ...window, state: 'landed', sinceMs: world.nowMs }];
        return undefined;
      };
    },
    acts: ['cancel-run run-7', 'rerun-adf source:vendors 2026-11-21'],
  },
  {
    runbook: 'failed-slice',
    cause: 'failed-slice:silver.orders',
    strike(world) {
      const failure = {
        dataset: 'silver.orders',
        reason: 'engine ended',
        attempts: 1,
        sinceMs: 0,
        nextAttemptMs: 0,
      } as const;
      const slices = ['2026-11-20', '2026-11-21'];
      const show = (failed: readonly string[]) => {
        world.failures = failed.map((slice) => ({ ...failure, slice }));
        const views = slices.map((slice) => sliceView(slice, !failed.includes(slice)));
        world.views = new Map(world.views).set('silver.orders', viewOf('silver.orders', views));
      };
      show(slices);
      world.onAct = ({ action, input }) => {
        if (action === 'replay') {
          const plan = planOf([String(input.target)], `abcd${String(input.target).slice(-2)}`);
          return {
            kind: 'performed',
            result: { action, outcome: 'planned', message: '', effects: [], plan },
          };
        }
        if (action === 'apply') {
          show(
            world.failures
              .map(({ slice }) => slice)
              .filter((slice) => !String(input.plan).endsWith(slice.slice(-2))),
          );
        }
        return undefined;
      };
    },
    acts: ['retry silver.orders', 'apply abcd20', 'apply abcd21'],
  },
  {
    runbook: 'dependency-blackout',
    cause: 'breaker-open:event-hubs',
    strike(world) {
      world.answers = false;
      const endMs = world.nowMs + 60_000;
      world.breakers = [breakerOf('storage'), breakerOf('event-hubs', 'open', world.nowMs)];
      world.parked = new Map([['source:orders', 'event-hubs']]);
      const { observe } = world;
      world.observe = function (this: RecoveryWorld) {
        if (this.nowMs >= endMs) this.answers = true;
        return observe.call(this);
      };
      world.onAct = ({ action }) => {
        if (action !== 'reset-breaker') return undefined;
        world.breakers = [breakerOf('storage'), breakerOf('event-hubs', 'closed', world.nowMs)];
        world.parked = new Map();
        return undefined;
      };
    },
    acts: ['reset-breaker event-hubs'],
  },
  {
    runbook: 'poison-flood',
    cause: 'quarantine-rate:silver.orders',
    strike(world) {
      const rows = { in: 1_000, out: 400, quarantined: 600, duplicates: 0 };
      const view = viewOf('silver.orders', [sliceView('2026-11-22', true, rows)]);
      world.views = new Map(world.views).set('silver.orders', view);
    },
    acts: ['freeze gold.sales', 'freeze gold.totals', 'thaw gold.sales', 'thaw gold.totals'],
  },
];

/** A person who approves whatever waits, a few seconds after it was asked. */
function approver(world: RecoveryWorld): () => void {
  let seen = 0;
  return () => {
    const waiting = [...world.control.executions.values()].find(({ state }) => state === 'waiting-approval');
    if (waiting === undefined || ++seen < 5) return;
    world.decide([{ type: 'ExecutionMoved', execution: waiting.id, to: 'running', by: 'ann' }]);
    world.watch.recovery.approve();
  };
}

async function recover(world: RecoveryWorld, cause: string): Promise<void> {
  const approve = approver(world);
  await world.until(() => {
    approve();
    return [...world.control.incidents.values()].some(
      (each) => each.cause === cause && each.state === 'resolved',
    );
  }, 1_200);
}

function actsOf(world: RecoveryWorld): readonly string[] {
  return world.acts.map((act) => {
    const text = textOf(act);
    return act.action === 'freeze' ? text.split(' ').slice(0, 2).join(' ') : text;
  });
}

it('withdraws its question when the flood subsides before anybody answers, and lets gold go on', async () => {
  const world = new RecoveryWorld(SHELF.runbooks);
  const show = (quarantined: number, all: number) => {
    const rows = { in: all, out: all - quarantined, quarantined, duplicates: 0 };
    const view = viewOf('silver.orders', [sliceView('2026-11-22', true, rows)]);
    world.views = new Map(world.views).set('silver.orders', view);
  };
  show(600, 1_000);
  const executions = () => [...world.control.executions.values()];
  await world.until(() => executions().some(({ state }) => state === 'waiting-approval'), 120);
  show(600, 10_000);
  await world.until(
    () => [...world.control.incidents.values()].every(({ state }) => state === 'resolved'),
    240,
  );
  expect(executions().map(({ state }) => state)).toEqual(['succeeded']);
  expect(executions()[0]?.steps.find(({ id }) => id === 'ask')?.note).toMatch(/^asked no more/);
  expect(actsOf(world)).toEqual([
    'freeze gold.sales',
    'freeze gold.totals',
    'thaw gold.sales',
    'thaw gold.totals',
  ]);
});

describe('every runbook that ships', () => {
  it('can be read', () => {
    expect(SHELF.problems).toEqual([]);
    expect([...SHELF.runbooks.keys()].sort()).toEqual(FAILURES.map(({ runbook }) => runbook).sort());
  });

  for (const { runbook, cause, strike, acts } of FAILURES) {
    it(`recovers from its failure: ${runbook}`, async () => {
      const world = new RecoveryWorld(SHELF.runbooks);
      strike(world);
      await recover(world, cause);
      expect(world.incidents()).toEqual([`${cause} resolved`]);
      expect(world.executions()).toEqual([`${runbook} succeeded`]);
      expect(actsOf(world)).toEqual(acts);
      expect(world.ignored).toEqual([]);
      const [incident] = world.control.incidents.values();
      expect(incident).toMatchObject({ runbook, execution: expect.stringMatching(/^exe-/) });
      expect(incident?.timeline.at(-1)?.what).toBe(`runbook ${runbook} verified it`);
    });

    it(`recovers with the agent killed after any entry of its journal: ${runbook}`, async () => {
      let crashes = 0;
      for (let crashIn = 1; crashIn <= 60; crashIn++) {
        const world = new RecoveryWorld(SHELF.runbooks);
        strike(world);
        world.crashIn = crashIn;
        await recover(world, cause);
        expect(world.incidents(), `killed after entry ${crashIn}`).toEqual([`${cause} resolved`]);
        expect(world.executions(), `killed after entry ${crashIn}`).toEqual([`${runbook} succeeded`]);
        expect(actsOf(world), `killed after entry ${crashIn}`).toEqual(acts);
        expect(world.ignored, `killed after entry ${crashIn}`).toEqual([]);
        if (world.crashIn !== undefined) break;
        crashes++;
      }
      expect(crashes).toBeGreaterThan(4);
    });

    it(`recovers with the agent killed every seven seconds: ${runbook}`, async () => {
      const world = new RecoveryWorld(SHELF.runbooks);
      strike(world);
      const approve = approver(world);
      await world.until(() => {
        approve();
        if (world.nowMs % 7_000 === 0) world.restart();
        return world.incidents().join() === `${cause} resolved`;
      }, 1_200);
      expect(world.incidents()).toEqual([`${cause} resolved`]);
      expect(actsOf(world)).toEqual(acts);
    });

    it(`calls a person when a step fails: ${runbook}`, async () => {
      const world = new RecoveryWorld(SHELF.runbooks);
      strike(world);
      world.failAct = ({ action }) => {
        throw new Error(`${action} is broken`);
      };
      const approve = approver(world);
      await world.until(() => {
        approve();
        return world.incidents().some((each) => each.endsWith('escalated'));
      }, 1_200);
      expect(world.incidents()).toEqual([`${cause} escalated`]);
      expect(world.executions()).toEqual([`${runbook} escalated`]);
      expect(world.facts).toContainEqual(expect.objectContaining({ type: 'PersonCalled', to: 'on-call' }));
      expect(world.ignored).toEqual([]);
    });
  }
});
