import type { Pipeline } from '@lakewarden/compute';
import type { Incident, Signal, SignalKind } from '@lakewarden/contracts';
import { placeOf, placesOf, upstreamOf } from './lineage.ts';
import type { Observation } from './observation.ts';

/**
 * One root cause, one incident (field.md, need 9): what an incident or a worse signal explains is folded into it and opens
 * none of its own. Only what is on now explains anything; an incident that is verifying still does, as its backlog drains.
 */
export interface Grouping {
  /** Signals that stand for themselves. */
  readonly roots: readonly Signal[];
  /** By cause of a root or of an active incident, what it explains. */
  readonly folded: ReadonlyMap<string, readonly Signal[]>;
}

/** What a root needs: a signal has it, and so has an incident. */
type Root = Pick<Signal, 'cause' | 'kind' | 'targets' | 'evidence'>;

/** `active`: incidents that have not ended. An incident's own signal is always a root. */
export function groupSignals(
  o: Observation,
  signals: readonly Signal[],
  active: readonly Incident[],
): Grouping {
  const known = new Set(active.map(({ cause }) => cause));
  const all: readonly Root[] = [...active, ...signals.filter(({ cause }) => !known.has(cause))];
  // What lies deepest explains the most: a consequence is folded into the root, not into another consequence.
  const candidates = [...all].sort((a, b) => RANK[a.kind] - RANK[b.kind]);
  const roots: Signal[] = [];
  const folded = new Map<string, Signal[]>();
  for (const signal of signals) {
    const root = known.has(signal.cause)
      ? undefined
      : candidates.find((candidate) => explains(o, candidate, signal));
    if (root === undefined) roots.push(signal);
    else folded.set(root.cause, [...(folded.get(root.cause) ?? []), signal]);
  }
  return { roots, folded };
}

/** From cause to consequence; the same rank explains nothing, so there is no circle. */
const RANK: Readonly<Record<SignalKind, number>> = {
  'breaker-open': 0,
  'stuck-run': 1,
  'stalled-partition': 1,
  'failed-slice': 1,
  'zero-rows': 2,
  'batch-failed': 2,
  lag: 2,
  freshness: 4,
  'log-rule': 5,
  alert: 5,
  accounting: 9,
  'quarantine-rate': 9,
  gap: 9,
  'ingress-mismatch': 3,
};
const NEVER_EXPLAINED = 9;

export function explains(o: Observation, root: Root, symptom: Signal): boolean {
  if (root.cause === symptom.cause || RANK[root.kind] >= RANK[symptom.kind]) return false;
  if (RANK[symptom.kind] === NEVER_EXPLAINED) return false;
  if (root.kind === 'breaker-open') return dependsOn(o, String(root.evidence.dependency), symptom);
  const causes = new Set(root.targets.map(placeOf).filter((place) => place !== undefined));
  if (symptom.kind === 'alert' || symptom.kind === 'log-rule') {
    return (
      !symptom.targets.includes('all') && symptom.targets.some((target) => causes.has(placeOf(target) ?? ''))
    );
  }
  return symptom.targets.some((target) => isBelow(o.pipeline, target, causes));
}

function isBelow(pipeline: Pipeline, target: string, causes: ReadonlySet<string>): boolean {
  const place = placeOf(target);
  return place !== undefined && [...upstreamOf(pipeline, place)].some((name) => causes.has(name));
}

/** Would this be so because the dependency does not answer? */
function dependsOn(o: Observation, dependency: string, symptom: Signal): boolean {
  if (symptom.kind === 'alert') return serviceOf(String(symptom.evidence.resourceType)) === dependency;
  const places = symptom.targets.flatMap((target) => placesOf(o.pipeline, target));
  const upstream = new Set(places.flatMap((place) => [...upstreamOf(o.pipeline, place)]));
  if ([...upstream].some((place) => o.parked.get(place) === dependency)) return true;
  const comesFrom = (kind: 'event-hub' | 'data-factory') =>
    o.pipeline.sources.some((source) => source.kind === kind && upstream.has(`source:${source.name}`));
  switch (dependency) {
    case 'storage':
      return true;
    case 'event-hubs':
      return symptom.kind !== 'failed-slice' && comesFrom('event-hub');
    case 'data-factory':
      return symptom.kind !== 'failed-slice' && comesFrom('data-factory');
    case 'engine':
      return symptom.kind === 'failed-slice' || symptom.kind === 'freshness';
    case 'monitor':
      return symptom.kind === 'log-rule' || symptom.kind === 'ingress-mismatch';
    default:
      return false;
  }
}

/** The dependency that a resource type stands for. */
export function serviceOf(resourceType: string): string | undefined {
  const [provider] = resourceType.toLowerCase().split('/');
  switch (provider) {
    case 'microsoft.storage':
      return 'storage';
    case 'microsoft.eventhub':
      return 'event-hubs';
    case 'microsoft.datafactory':
      return 'data-factory';
    default:
      return undefined;
  }
}
