import { type Dataset, didYouMean, listNames } from '@lakewarden/compute';
import { type DatasetName, type PlannedSlice, parseTarget } from '@lakewarden/contracts';
import type { ActionCode, PlanOutcome } from '../actions/action-host.ts';
import type { Observation } from '../observe/observation.ts';
import { policyAt } from '../policy/policy.ts';

/** What a plan is made from. Nothing else is asked: the same context and input give the same plan. */
export interface PlanContext {
  readonly seen: Observation;
  /** Who asks. */
  readonly by: string;
  readonly pace: Pace;
}

/** How fast the engine was lately. */
export interface Pace {
  readonly engine: string;
  /** Input rows. */
  readonly rowsPerMs: number;
  /** What a run costs however small it is. */
  readonly runMs: number;
}

/** Slices of one plan, those downstream included: a plan is read by people and stands in one object of the lake. */
export const PLAN_SLICES_MAX = 10_000;

export function refused(code: ActionCode, message: string, remedy: string): PlanOutcome {
  return { kind: 'refused', problem: { code, message, remedy } };
}

export function notLookedAt(what: string): PlanOutcome {
  return refused('unavailable', `${what} has not been looked at yet`, 'Try again in a few seconds.');
}

/** The dataset that a target means; that of a source is the one that it lands into. */
export function findStep(
  { pipeline }: Observation,
  target: string,
): { readonly step: Dataset } | { readonly refusal: PlanOutcome } {
  const parsed = parseTarget(target);
  const step = pipeline.datasets.find((candidate) =>
    parsed?.kind === 'source'
      ? candidate.layer === 'bronze' && candidate.source.name === parsed.source
      : (parsed?.kind === 'dataset' || parsed?.kind === 'slice') && candidate.name === parsed.dataset,
  );
  if (step !== undefined) return { step };
  const isSource = parsed?.kind === 'source';
  const known = isSource
    ? pipeline.sources.map(({ name }) => `source:${name}`)
    : pipeline.datasets.map(({ name }) => name);
  const name = target.split('@')[0] as string;
  const hint = didYouMean(name, known) ?? listNames(known) ?? 'the pipeline has none';
  const message = `there is no ${isSource ? 'source' : 'dataset'} ${name}`;
  return { refusal: refused('not-found', message, `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`) };
}

/** Why the slices of this dataset must not be planned: it is frozen, or some of them are pinned. */
export function whyStopped(
  { control, nowMs }: Observation,
  dataset: DatasetName,
  slices: readonly string[],
): PlanOutcome | undefined {
  const policy = policyAt(control, nowMs);
  const found = policy.stopOf(dataset);
  if (found?.kind === 'frozen') {
    const { target, by, reason, until } = found.stop;
    const end = until === undefined ? '' : ` until ${until}`;
    return refused(
      'frozen',
      `${target} is frozen by ${by}${end}: ${reason}`,
      `Thaw it first: lakewarden thaw ${target}`,
    );
  }
  const pinned = slices.filter((slice) => policy.pinOf(dataset, slice) !== undefined);
  if (pinned.length === 0) return undefined;
  const named = pinned.slice(0, NAMED_MAX).map((slice) => `${dataset}@${slice}`);
  const more = pinned.length > NAMED_MAX ? ` and ${pinned.length - NAMED_MAX} more` : '';
  return refused(
    'conflict',
    `${named.join(', ')}${more} ${pinned.length === 1 ? 'is' : 'are'} pinned`,
    `Release (lakewarden release ${named[0]}), or choose a range without.`,
  );
}

const NAMED_MAX = 5;

export function tooMany(slices: number, what: string): PlanOutcome {
  return refused(
    'invalid',
    `${what} would build ${slices} slices; a plan holds ${PLAN_SLICES_MAX} at most`,
    'Choose a shorter range with from and to, and make a plan for each part.',
  );
}

export function plannedSlice(
  { pace }: PlanContext,
  id: string,
  slice: { readonly rows: number; readonly fingerprint?: string | undefined; readonly stepVersion?: string },
): PlannedSlice {
  const { rows, fingerprint, stepVersion } = slice;
  return {
    slice: id,
    rows,
    estimateMs: Math.max(1, Math.ceil(rows / pace.rowsPerMs)),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(stepVersion !== undefined && { stepVersion }),
  };
}
