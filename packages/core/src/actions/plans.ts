import { type ControlEffect, type DatasetName, type Plan, parseSliceId } from '@lakewarden/contracts';
import type { ControlState } from '../policy/control-state.ts';
import { policyAt } from '../policy/policy.ts';
import {
  type ActionContext,
  type ActionDefinition,
  type Afterwards,
  countOf,
  type DecideAction,
  type Decision,
  type Refused,
  refuse,
  waking,
} from './action.ts';
import type { PlanCheck, PlanOutcome } from './action-host.ts';
import type { PlanLookup } from './plan-store.ts';
import { nextAttempt } from './windows.ts';

export const replay: ActionDefinition<'replay'> = async (input, { host, caller }, signal) =>
  planned(await host.plans.replay(input, caller.id, signal));

export const backfill: ActionDefinition<'backfill'> = async (input, { host, caller }, signal) =>
  planned(await host.plans.backfill(input, caller.id, signal));

const SHORT_HASH_DIGITS = 12;

function planned(outcome: PlanOutcome): DecideAction {
  if (outcome.kind === 'refused') return () => outcome;
  const { plan } = outcome;
  const short = plan.hash.slice(0, SHORT_HASH_DIGITS);
  return () => ({
    kind: 'planned',
    plan,
    lines: linesOf(plan),
    message: `plan ${short}: ${plan.title}. Nothing has changed; to carry it out: lakewarden apply ${short}`,
  });
}

function linesOf({ builds, downstream, ranges, rows, expected }: Plan): readonly string[] {
  return [
    `builds ${countOf(builds.length, 'slice')} from ${countOf(rows, 'row')}`,
    ...ranges.map(
      ({ source, partition, first, last }) => `reads ${source}/${partition} again, ${first} to ${last}`,
    ),
    ...(downstream.length > 0
      ? [`${countOf(downstream.length, 'slice')} downstream if the rows change`]
      : []),
    `expected: ${expected}`,
  ];
}

export const apply: ActionDefinition<'apply'> = async (input, context, signal) => {
  const looked = await context.plans.get(input.plan, signal);
  if (looked.kind !== 'found') return () => whyNoPlan(input.plan, looked);
  const check = await context.host.plans.check(looked.plan, signal);
  return (state) => decideApply(context, state, looked.plan, check);
};

function whyNoPlan(prefix: string, looked: Exclude<PlanLookup, { kind: 'found' }>): Refused {
  if (looked.kind === 'absent') {
    const remedy = 'Make one with replay or backfill; its answer names the hash.';
    return refuse('not-found', `there is no plan ${prefix}`, remedy);
  }
  const named = looked.hashes.map((hash) => hash.slice(0, SHORT_HASH_DIGITS)).join(', ');
  return refuse('conflict', `${prefix} are the first digits of several plans: ${named}`, 'Give more digits.');
}

function decideApply(context: ActionContext, state: ControlState, plan: Plan, check: PlanCheck): Decision {
  const short = plan.hash.slice(0, SHORT_HASH_DIGITS);
  const applied = state.applied.get(plan.hash);
  const filled = applied?.backfill === undefined ? undefined : state.backfills.get(applied.backfill);
  // A backfill that is over, in a world that is still as the plan says: what it was to do is still to be done.
  const isOver = filled?.ended !== undefined && (check.kind === 'current' || filled.ended.as !== 'done');
  if (applied !== undefined && !isOver) {
    const id = applied.backfill === undefined ? {} : { id: `backfill:${applied.backfill}` };
    const message = `plan ${short} was applied before (audit ${applied.seq})`;
    return { kind: 'unchanged', message, ...id, afterwards: waking(context.host) };
  }
  const refusal = whyStopped(context, state, plan);
  if (refusal !== undefined) return refusal;
  if (check.kind === 'moved') {
    const message = `the world moved since plan ${short} was made: ${check.what.join('; ')}`;
    return refuse('moved', message, 'Make the plan again, look at it, and apply that one.');
  }
  const act = plan.kind === 'backfill' ? fill(state, plan) : replayNow(context, state, plan);
  if (act.effects.length === 0) {
    return {
      kind: 'unchanged',
      message: `plan ${short} is being carried out already`,
      afterwards: waking(context.host),
    };
  }
  return {
    kind: 'act',
    effects: act.effects,
    lines: linesOf(plan),
    message: `${plan.title}: ${act.message}`,
    ...(act.started && { started: act.started }),
    afterwards: buildingNow(context, plan),
  };
}

/** What of the plan had failed waits for its next attempt no longer: somebody wants it now. */
function buildingNow({ host, seen }: ActionContext, { builds }: Plan): Afterwards {
  const planned = new Set(builds.map(({ slice }) => slice));
  return async () => {
    for (const { dataset, slice } of seen.failures)
      if (planned.has(`${dataset}@${slice}`)) host.clearFailures({ kind: 'slice', dataset, slice });
    host.wake();
    return undefined;
  };
}

/** What people have stopped since is asked of the newest state, whatever the check saw. */
function whyStopped({ nowMs }: ActionContext, state: ControlState, { builds }: Plan): Refused | undefined {
  const policy = policyAt(state, nowMs);
  for (const { slice } of builds) {
    const id = parseSliceId(slice);
    if (id === undefined)
      return refuse('invalid', `the plan builds ${slice}, which is no slice`, 'Make it again.');
    const stop = policy.stopOf(id.dataset);
    if (stop?.kind === 'frozen') {
      const { target, by, reason } = stop.stop;
      return refuse(
        'frozen',
        `${target} is frozen by ${by}: ${reason}`,
        `Thaw it first: lakewarden thaw ${target}`,
      );
    }
    if (policy.pinOf(id.dataset, id.key) !== undefined) {
      return refuse('conflict', `${slice} is pinned`, `Release it first: lakewarden release ${slice}`);
    }
  }
  return undefined;
}

interface Carried {
  readonly effects: readonly ControlEffect[];
  readonly message: string;
  readonly started?: string;
}

const SALT_DIGITS = 16;

function fill(state: ControlState, plan: Plan): Carried {
  const id = freeId(state, plan.hash.slice(0, SALT_DIGITS));
  const slices = plan.builds.map(({ slice }) => slice);
  const { hash, title, rows, estimateMs } = plan;
  const dataset = parseSliceId(slices[0] ?? '')?.dataset ?? '';
  return {
    effects: [
      { type: 'BackfillStarted', backfill: id, plan: hash, title, dataset, slices, rows, estimateMs },
      { type: 'SlicesSalted', slices, salt: id, backfill: id, plan: hash },
    ],
    message: `backfill:${id} builds ${countOf(slices.length, 'slice')}, below live work`,
    started: `backfill:${id}`,
  };
}

/** The same plan may be applied again after its backfill was cancelled: that is another backfill, with salts of its own. */
function freeId(state: ControlState, wanted: string): string {
  let id = wanted;
  for (let again = 1; state.backfills.has(id); again += 1)
    id = `${wanted}${again.toString(16).padStart(4, '0')}`;
  return id;
}

function replayNow(context: ActionContext, state: ControlState, plan: Plan): Carried {
  const { datasets } = context.seen.pipeline;
  const effects: ControlEffect[] = [];
  const built: string[] = [];
  for (const [name, slices] of bySteps(plan)) {
    const step = datasets.find((candidate) => candidate.name === name);
    if (step?.layer !== 'bronze') {
      built.push(...slices.map(({ slice }) => slice));
    } else if (step.source.kind === 'event-hub') {
      const ids = slices.map(({ slice }) => slice);
      effects.push({ type: 'SourceReplayStarted', plan: plan.hash, source: step.source.name, slices: ids });
    } else {
      for (const { key } of slices) {
        const attempt = nextAttempt(context.seen, state, step.source, key);
        if (attempt === undefined) continue;
        effects.push({ type: 'WindowRerun', source: step.source.name, window: key, attempt });
      }
    }
  }
  if (built.length > 0) {
    effects.push({
      type: 'SlicesSalted',
      slices: built,
      salt: plan.hash.slice(0, SALT_DIGITS),
      plan: plan.hash,
    });
  }
  const count = plan.builds.length;
  return {
    effects,
    message: `${countOf(count, 'slice')} ${count === 1 ? 'is' : 'are'} read or built again now`,
  };
}

function bySteps({ builds }: Plan): ReadonlyMap<DatasetName, readonly { slice: string; key: string }[]> {
  const ids = builds.flatMap(({ slice }) => {
    const id = parseSliceId(slice);
    return id === undefined ? [] : [{ slice, ...id }];
  });
  return Map.groupBy(ids, ({ dataset }) => dataset);
}
