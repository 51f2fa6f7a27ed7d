import { canonicalJson } from '@lakewarden/compute';
import { type AuditEntry, type ControlEffect, type DatasetName, unreachable } from '@lakewarden/contracts';
import { applyExecution, applyIncident, type Origin } from './apply-incident.ts';
import { ControlDraft } from './control-draft.ts';
import type { ControlState, PastAct, Salt } from './control-state.ts';

/** Of each the oldest go first, and never what is open. */
const ACTS_MAX = 10_000;
const PLANS_APPLIED_MAX = 10_000;
const BACKFILLS_MAX = 1_000;
const RERUNS_MAX = 10_000;
const OLDER_SALTS_MAX = 8;

/** An effect that was not legal when its turn came: the state is as if it had not been there. */
export interface IgnoredEffect {
  readonly seq: number;
  readonly effect: string;
  readonly reason: string;
}

export interface Folded {
  readonly state: ControlState;
  readonly ignored: readonly IgnoredEffect[];
}

/**
 * The state after these entries: pure, total, and the same for the same entries however they were read or batched. Whether
 * an entry *should* have been made was decided before it was written (actions/); here only impossible moves are left out.
 */
export function applyEntries(state: ControlState, entries: readonly AuditEntry[]): Folded {
  const draft = new ControlDraft(state);
  const ignored: IgnoredEffect[] = [];
  for (const entry of entries) ignored.push(...applyEntry(draft, entry));
  return { state: draft.done(), ignored };
}

/** One more entry in a state in the making. */
export function applyEntry(draft: ControlDraft, entry: AuditEntry): readonly IgnoredEffect[] {
  const ignored = applyAll(draft, entry, entry.effects);
  recordAct(draft, entry);
  draft.head = { seq: entry.seq, hash: entry.hash };
  return ignored;
}

/** Effects that are no entry yet. */
export interface NotedEffects {
  readonly origin: Origin;
  readonly effects: readonly ControlEffect[];
}

/** The state as it will be once these are entries; its head stays where it is. */
export function applyNoted(state: ControlState, noted: readonly NotedEffects[]): ControlState {
  const draft = new ControlDraft(state);
  for (const { origin, effects } of noted) applyAll(draft, origin, effects);
  return draft.done();
}

function applyAll(
  draft: ControlDraft,
  origin: Origin,
  effects: readonly ControlEffect[],
): readonly IgnoredEffect[] {
  const ignored: IgnoredEffect[] = [];
  for (const effect of effects) {
    const reason = apply(draft, origin, effect);
    if (reason !== undefined) ignored.push({ seq: origin.seq, effect: effect.type, reason });
  }
  return ignored;
}

/** Why it was ignored; undefined when it was not. */
function apply(draft: ControlDraft, origin: Origin, effect: ControlEffect): string | undefined {
  switch (effect.type) {
    case 'Paused':
    case 'Frozen': {
      const { target, reason, until } = effect;
      const stop = { target, reason, by: origin.actor, since: origin.at, ...(until && { until }) };
      draft.write(effect.type === 'Paused' ? 'pauses' : 'freezes').set(target, stop);
      return undefined;
    }
    case 'Resumed':
      draft.write('pauses').delete(effect.target);
      return undefined;
    case 'Thawed':
      draft.write('freezes').delete(effect.target);
      return undefined;
    case 'Pinned': {
      const { type: _, until, ...pin } = effect;
      draft.write('pins').set(pin.slice, { ...pin, actor: origin.actor, ...(until && { until }) });
      return undefined;
    }
    case 'Released':
      draft.write('pins').delete(effect.slice);
      return undefined;
    case 'SlicesSalted':
      return salt(draft, origin, effect);
    case 'BackfillStarted':
      return startBackfill(draft, origin, effect);
    case 'BackfillEnded':
      return endBackfill(draft, origin, effect);
    case 'SourceReplayStarted': {
      const { type: _, ...replay } = effect;
      draft.write('replays').set(replay.plan, replay);
      recordPlan(draft, origin, replay.plan);
      return undefined;
    }
    case 'SourceReplayEnded':
      draft.write('replays').delete(effect.plan);
      draft.write('applied').delete(effect.plan);
      return undefined;
    case 'WindowRerun': {
      const key = `${effect.source}/${effect.window}`;
      const attempt = Math.max(effect.attempt, draft.read('reruns').get(key) ?? 0);
      const reruns = draft.write('reruns');
      reruns.delete(key);
      reruns.set(key, attempt);
      draft.trim('reruns', RERUNS_MAX);
      return undefined;
    }
    // What was done stands in the audit; what it does is not state (host calls) or is kept elsewhere (the alert inbox).
    case 'Retried':
    case 'BreakerReset':
    case 'RunCancelled':
    case 'AlertReceived':
      return undefined;
    case 'IncidentOpened':
    case 'IncidentMoved':
    case 'IncidentNoted':
    case 'IncidentAcknowledged':
      return applyIncident(draft, origin, effect);
    case 'ExecutionStarted':
    case 'StepMoved':
    case 'ExecutionMoved':
      return applyExecution(draft, origin, effect);
    default:
      return unreachable(effect);
  }
}

type EffectOf<Type extends ControlEffect['type']> = Extract<ControlEffect, { type: Type }>;

function salt(
  draft: ControlDraft,
  origin: Origin,
  { slices, salt: value, backfill, plan }: EffectOf<'SlicesSalted'>,
): undefined {
  const salts = draft.write('salts');
  for (const slice of slices) {
    const before = salts.get(slice);
    if (before?.salt === value) continue;
    salts.set(slice, { salt: value, ...olderSalts(before), ...(backfill && { backfill }) });
  }
  recordPlan(draft, origin, plan, backfill);
}

/** A backfill may not have come to the slice before its salt was replaced: the slice may carry any salt before it. */
function olderSalts(before: Salt | undefined): Pick<Salt, 'previous' | 'older'> {
  if (before === undefined) return { previous: '' };
  if (before.backfill === undefined) return { previous: before.salt };
  const older = [before.previous, ...(before.older ?? [])].slice(0, OLDER_SALTS_MAX);
  return { previous: before.salt, older };
}

function startBackfill(
  draft: ControlDraft,
  origin: Origin,
  effect: EffectOf<'BackfillStarted'>,
): string | undefined {
  const { type: _, backfill: id, dataset, ...rest } = effect;
  if (draft.read('backfills').has(id)) return `backfill ${id} was started before`;
  draft.write('backfills').set(id, {
    id,
    ...rest,
    dataset: dataset as DatasetName,
    startedAt: origin.at,
    startedBy: origin.actor,
  });
  recordPlan(draft, origin, rest.plan, id);
  draft.trim('backfills', BACKFILLS_MAX, ({ ended }) => ended !== undefined);
  return undefined;
}

function endBackfill(
  draft: ControlDraft,
  origin: Origin,
  { backfill: id, as }: EffectOf<'BackfillEnded'>,
): string | undefined {
  const backfill = draft.read('backfills').get(id);
  if (backfill === undefined) return `there is no backfill ${id}`;
  if (backfill.ended?.as === as) return undefined;
  if (backfill.ended !== undefined) return `backfill ${id} ended before, as ${backfill.ended.as}`;
  draft.write('backfills').set(id, { ...backfill, ended: { as, at: origin.at } });
  // What an ended backfill was paused for is over.
  if (draft.read('pauses').has(`backfill:${id}`)) draft.write('pauses').delete(`backfill:${id}`);
  draft.trim('backfills', BACKFILLS_MAX, ({ ended }) => ended !== undefined);
  return undefined;
}

function recordPlan(draft: ControlDraft, origin: Origin, plan: string, backfill?: string): void {
  const before = draft.read('applied').get(plan)?.backfill;
  const named = backfill ?? before;
  draft.write('applied').set(plan, { seq: origin.seq, ...(named && { backfill: named }) });
  draft.trim('applied', PLANS_APPLIED_MAX);
}

function recordAct(draft: ControlDraft, entry: AuditEntry): void {
  if (entry.idempotency === undefined) return;
  const made = madeBy(entry.effects);
  const act: PastAct = {
    seq: entry.seq,
    action: entry.action ?? '',
    input: canonicalJson(entry.input ?? {}),
    outcome: made === undefined ? 'done' : 'started',
    ...(made && { id: made }),
  };
  const acts = draft.write('acts');
  // The latest use is the last to be forgotten.
  acts.delete(entry.idempotency);
  acts.set(entry.idempotency, act);
  draft.trim('acts', ACTS_MAX);
}

/** What the act began and can be watched. */
function madeBy(effects: readonly ControlEffect[]): string | undefined {
  for (const effect of effects) {
    if (effect.type === 'BackfillStarted') return `backfill:${effect.backfill}`;
    if (effect.type === 'ExecutionStarted') return effect.execution;
  }
  return undefined;
}
