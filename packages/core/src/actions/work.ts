import type { Observation } from '../observe/observation.ts';
import type { ControlState } from '../policy/control-state.ts';
import {
  type ActionContext,
  type ActionDefinition,
  countOf,
  type Decision,
  refuse,
  waking,
} from './action.ts';
import { findWork, notFound } from './find.ts';

export const retry: ActionDefinition<'retry'> = ({ target }, { seen, host }) => {
  const work = findWork(seen, target);
  if (work.kind === 'refused') return () => work;
  return () => ({
    kind: 'act',
    effects: [{ type: 'Retried', target }],
    lines: [`what failed of ${target} is tried again at once`],
    message: `${target} is tried again`,
    async afterwards() {
      const cleared = host.clearFailures(work.found);
      host.wake();
      if (work.found.kind === 'source') return undefined;
      return cleared === 0 ? 'nothing of it had failed' : `${countOf(cleared, 'slice')} had failed`;
    },
  });
};

export const resetBreaker: ActionDefinition<'reset-breaker'> =
  ({ dependency }, { seen, host }) =>
  () => {
    const breaker = seen.breakers.find((candidate) => candidate.dependency === dependency);
    if (breaker === undefined) {
      return notFound(
        'dependency',
        dependency,
        seen.breakers.map((known) => known.dependency),
      );
    }
    if (breaker.state === 'closed') {
      return { kind: 'unchanged', message: `the breaker of ${dependency} is closed` };
    }
    return {
      kind: 'act',
      effects: [{ type: 'BreakerReset', dependency }],
      lines: [`the breaker of ${dependency} closes`, 'its parked work is tried at once'],
      message: `the breaker of ${dependency} is closed`,
      async afterwards() {
        host.resetBreaker(dependency);
        host.wake();
        return undefined;
      },
    };
  };

const BACKFILL = 'backfill:';

export const cancelRun: ActionDefinition<'cancel-run'> =
  ({ run }, context) =>
  (state) =>
    run.startsWith(BACKFILL) ? cancelBackfill(context, state, run) : cancelOneRun(context, run);

function cancelBackfill({ host }: ActionContext, state: ControlState, run: string): Decision {
  const id = run.slice(BACKFILL.length);
  const backfill = state.backfills.get(id);
  if (backfill === undefined) {
    return notFound(
      'backfill',
      run,
      [...state.backfills.keys()].map((known) => `${BACKFILL}${known}`),
    );
  }
  const { ended, dataset } = backfill;
  if (ended?.as === 'cancelled')
    return { kind: 'unchanged', message: `${run} is cancelled already`, id: run };
  if (ended !== undefined) {
    return refuse('expired', `${run} has ended (${ended.as})`, 'There is nothing left to cancel.');
  }
  return {
    kind: 'act',
    effects: [{ type: 'BackfillEnded', backfill: id, as: 'cancelled' }],
    lines: [
      `${run} begins no slice of ${dataset} any more; one that runs ends`,
      'slices that it built stay; the others are as good as before',
    ],
    message: `${run} is cancelled`,
    id: run,
    afterwards: waking(host),
  };
}

function cancelOneRun({ seen, host }: ActionContext, run: string): Decision {
  const running = runsOf(seen);
  if (!running.has(run)) {
    const { problem } = notFound('running run', run, running);
    return { kind: 'refused', problem };
  }
  return {
    kind: 'act',
    effects: [{ type: 'RunCancelled', run }],
    lines: [
      `run ${run} is stopped; what it has committed stays`,
      'its work stays wanted: pause or hold it to keep it off',
    ],
    message: `run ${run} is cancelled`,
    async afterwards(signal) {
      const outcome = await host.cancelRun(run, signal);
      return outcome === 'cancelled' ? undefined : 'it had ended before';
    },
  };
}

function runsOf(seen: Observation): ReadonlySet<string> {
  const windows = seen.windows.flatMap(({ state, runId }) =>
    state === 'running' && runId !== undefined ? [runId] : [],
  );
  return new Set([...seen.building.values(), ...windows]);
}
