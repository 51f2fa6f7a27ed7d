import { type Check, type CheckName, type DatasetName, isBalanced } from '@lakewarden/contracts';
import { z } from 'zod';
import { unreadOf } from '../observe/detect/partitions.ts';
import { floodedSlices } from '../observe/detect/quarantine-rate.ts';
import { stuckRun } from '../observe/detect/windows.ts';
import type { DetectionLimits } from '../observe/detector.ts';
import { isActive } from '../observe/incident-states.ts';
import { placesOf } from '../observe/lineage.ts';
import type { HubObservation, Observation } from '../observe/observation.ts';
import { slicesAt } from '../observe/slices.ts';
import { policyAt } from '../policy/policy.ts';
import type { SliceView } from '../reconcile/world.ts';
import { type Arguments, type Bindings, bindArguments } from './bindings.ts';

/** True, false, or undefined: not known, which satisfies nothing. */
export type Verdict = boolean | undefined;

export interface CheckContext {
  readonly bindings: Bindings;
  readonly limits: DetectionLimits;
  /** Evidence from before this moment says nothing about what was done since. 0: any evidence counts. */
  readonly sinceMs: number;
}

const text = z.string();
const target = z.strictObject({ target: text.optional() });
const none = z.strictObject({});

/** What a check may be given; what it is not given comes from the bindings. */
export const CHECK_ARGUMENTS: Readonly<Record<CheckName, z.ZodObject>> = {
  'incident-active': none,
  'breaker-closed': z.strictObject({ dependency: text.optional() }),
  'breaker-open': z.strictObject({ dependency: text.optional() }),
  'no-freeze': target,
  'not-paused': target,
  'no-backfill-running': z.strictObject({ dataset: text.optional() }),
  'slices-fresh': target,
  'slices-failed': target,
  'lag-at-most': z.strictObject({ target: text.optional(), events: z.int().min(0).optional() }),
  'partition-advancing': z.strictObject({ source: text.optional() }),
  'window-landed': z.strictObject({ source: text.optional(), window: text.optional() }),
  'run-stuck': z.strictObject({ source: text.optional(), window: text.optional() }),
  'quarantine-rate-at-most': z.strictObject({
    dataset: text.optional(),
    rate: z.number().min(0).max(1).optional(),
  }),
  'all-breakers-closed': none,
  'accounting-balanced': target,
};

/** What a check says of the state as it is read now. */
export function evaluate(check: Check, o: Observation, context: CheckContext): Verdict {
  const bound = bindArguments(check.with, context.bindings);
  if (bound.kind === 'unbound') return undefined;
  const verdict = CHECKERS[check.check](o, bound.values, context);
  return verdict === undefined || !check.not ? verdict : !verdict;
}

/** Of several: false as soon as one is false, unknown as long as one is unknown. */
export function evaluateAll(checks: readonly Check[], o: Observation, context: CheckContext): Verdict {
  const verdicts = checks.map((check) => evaluate(check, o, context));
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

/** `slices-fresh`, for people. */
export function describeChecks(checks: readonly Check[], o: Observation, context: CheckContext): string {
  return checks
    .filter((check) => evaluate(check, o, context) !== true)
    .map(
      (check) => `${check.not ? 'not ' : ''}${check.check} is ${evaluate(check, o, context) ?? 'not known'}`,
    )
    .join(', ');
}

type Checker = (o: Observation, given: Arguments, context: CheckContext) => Verdict;

const CHECKERS: Readonly<Record<CheckName, Checker>> = {
  'incident-active': (o, _, { bindings }) => {
    const incident = o.control.incidents.get(bindings.incident ?? '');
    return incident && isActive(incident);
  },
  'breaker-closed': (o, given, context) => isBreaker(o, 'closed', argument(given, context, 'dependency')),
  'breaker-open': (o, given, context) => {
    const isClosed = isBreaker(o, 'closed', argument(given, context, 'dependency'));
    return isClosed === undefined ? undefined : !isClosed;
  },
  'all-breakers-closed': (o) =>
    o.breakers.length === 0 ? undefined : o.breakers.every(({ state }) => state === 'closed'),
  'no-freeze': (o, given, context) => {
    const policy = policyAt(o.control, o.nowMs);
    return datasetsAt(o, given, context).every((dataset) => policy.stopOf(dataset)?.kind !== 'frozen');
  },
  'not-paused': (o, given, context) => {
    const policy = policyAt(o.control, o.nowMs);
    return placesAt(o, given, context).every((place) =>
      place.startsWith('source:')
        ? policy.pauseOf(place.slice('source:'.length)) === undefined
        : policy.stopOf(place as DatasetName)?.kind !== 'paused',
    );
  },
  'no-backfill-running': (o, given) => {
    const policy = policyAt(o.control, o.nowMs);
    return ![...o.control.backfills.values()].some(
      ({ id, dataset }) =>
        (given.dataset === undefined || given.dataset === dataset) && policy.isBackfillRunning(id),
    );
  },
  'slices-fresh': (o, given, context) => {
    if (o.viewsAtMs === undefined || o.viewsAtMs < context.sinceMs) return undefined;
    return slicesAt(o, targetsAt(given, context))?.every(
      (slice) => slice.fresh || isBuiltSince(slice, context),
    );
  },
  'slices-failed': (o, given, context) => {
    if (o.views === undefined) return undefined;
    const targets = targetsAt(given, context);
    const places = new Set(
      targets.filter((each) => !each.includes('@')).flatMap((each) => placesOf(o.pipeline, each)),
    );
    return o.failures.some(
      ({ dataset, slice }) => places.has(dataset) || targets.includes(`${dataset}@${slice}`),
    );
  },
  'lag-at-most': (o, given, context) => {
    const hubs = hubsAt(o, given, context);
    if (hubs === undefined) return undefined;
    return hubs.every((hub) => isCaughtUp(o, hub, given.events));
  },
  'partition-advancing': (o, given, context) => {
    const source = argument(given, context, 'source');
    const hub = o.hubs.find((each) => each.source === source && isAnswering(each, context));
    return hub && isAdvancing(hub, context);
  },
  'window-landed': (o, given, context) => {
    const window = argument(given, context, 'window');
    const seen = o.windows.find(({ source }) => source === argument(given, context, 'source'));
    if (seen === undefined || window === undefined) return undefined;
    return seen.window === window ? seen.state === 'landed' : seen.window > window;
  },
  'run-stuck': (o, given, context) => {
    const source = argument(given, context, 'source');
    if (!o.windows.some((window) => window.source === source)) return undefined;
    const window = argument(given, context, 'window');
    return stuckRun
      .detect(o, context.limits)
      .some(({ evidence }) => evidence.source === source && (window ?? evidence.window) === evidence.window);
  },
  'quarantine-rate-at-most': (o, given, context) => {
    const dataset = argument(given, context, 'dataset') as DatasetName | undefined;
    if (dataset === undefined || !o.views?.has(dataset)) return undefined;
    const rate = given.rate === undefined ? undefined : Number(given.rate);
    return floodedSlices(o, dataset, context.limits, rate).length === 0;
  },
  'accounting-balanced': (o, given, context) =>
    slicesAt(o, targetsAt(given, context))?.every(
      ({ recorded }) => recorded?.accounting === undefined || isBalanced(recorded.accounting),
    ),
};

function argument(given: Arguments, { bindings }: CheckContext, name: string): string | undefined {
  return given[name] === undefined ? bindings[name] : String(given[name]);
}

function targetsAt(given: Arguments, { bindings }: CheckContext): readonly string[] {
  if (given.target !== undefined) return [String(given.target)];
  return (bindings.targets ?? '').split(',').filter(Boolean);
}

function placesAt(o: Observation, given: Arguments, context: CheckContext): readonly string[] {
  return targetsAt(given, context).flatMap((each) => placesOf(o.pipeline, each));
}

function datasetsAt(o: Observation, given: Arguments, context: CheckContext): readonly DatasetName[] {
  return placesAt(o, given, context).filter((place): place is DatasetName => !place.startsWith('source:'));
}

function isBreaker(o: Observation, state: 'closed', dependency: string | undefined): Verdict {
  const breaker = o.breakers.find((each) => each.dependency === dependency);
  return breaker && breaker.state === state;
}

function isAnswering({ atMs, error }: HubObservation, { sinceMs }: CheckContext): boolean {
  return atMs !== undefined && error === undefined && atMs >= sinceMs;
}

/** Hubs that the targets mean; batch sources have no lag. Undefined: one of them has not answered since. */
function hubsAt(
  o: Observation,
  given: Arguments,
  context: CheckContext,
): readonly HubObservation[] | undefined {
  const places = new Set(placesAt(o, given, context));
  const wanted = o.pipeline.sources.filter(
    ({ kind, name }) => kind === 'event-hub' && places.has(`source:${name}`),
  );
  const hubs = wanted.map(({ name }) =>
    o.hubs.find((hub) => hub.source === name && isAnswering(hub, context)),
  );
  return hubs.includes(undefined) ? undefined : hubs.filter((hub) => hub !== undefined);
}

/** New events make an open slice stale again at once; that it was built since is what was asked for. */
function isBuiltSince({ recorded }: SliceView, { sinceMs }: CheckContext): boolean {
  return (
    sinceMs > 0 && (recorded?.files.some(({ modificationTime }) => modificationTime >= sinceMs) ?? false)
  );
}

/** Few events are unread, or they came since the last drain: until the next one is due they are no lag. */
function isCaughtUp(o: Observation, hub: HubObservation, events: Arguments[string] | undefined): boolean {
  const objective = o.pipeline.objectives.get(`source:${hub.source}`)?.lagEvents;
  const allowed = BigInt(Number(events ?? objective ?? 0));
  return hub.partitions.every(
    (partition) => unreadOf(partition) <= allowed || (hub.atMs ?? 0) - partition.advancedMs <= o.drainEveryMs,
  );
}

/** Of each partition that stood still: nothing is left to read, or it has moved since. */
function isAdvancing(hub: HubObservation, { bindings, sinceMs }: CheckContext): boolean {
  const named = (bindings.partitions ?? bindings.partition ?? '').split(',').filter(Boolean).map(Number);
  return named.every((name) => {
    const partition = hub.partitions.find((each) => each.partition === name);
    if (partition === undefined) return false;
    const isFirst = String(name) === bindings.partition && bindings.checkpoint !== undefined;
    const hasMoved = isFirst
      ? (partition.checkpoint ?? -1n) > BigInt(bindings.checkpoint ?? -1)
      : partition.advancedMs >= sinceMs;
    return unreadOf(partition) === 0n || hasMoved;
  });
}
