import { type DatasetName, parseTarget } from '@lakewarden/contracts';
import type { Observation } from '../observe/observation.ts';
import type { ControlState, Stop } from '../policy/control-state.ts';
import {
  type ActionContext,
  type ActionDefinition,
  countOf,
  type Refused,
  refuse,
  waking,
} from './action.ts';
import { findDataset, findSource, notFound } from './find.ts';
import { isActive, isSameUntil, textOfUntil, whyUntilIsPast } from './until.ts';

export const pause: ActionDefinition<'pause'> =
  ({ target, reason, until }, context) =>
  (state) => {
    const refusal = whyNotPausable(context, state, target) ?? whyUntilIsPast(context, until);
    if (refusal !== undefined) return refusal;
    if (isSameStop(state.pauses.get(target), { reason, until }, context.nowMs)) {
      return { kind: 'unchanged', message: `${target} is paused already${textOfUntil(until)}` };
    }
    return {
      kind: 'act',
      effects: [{ type: 'Paused', target, reason, ...(until && { until }) }],
      lines: [`${target} begins no new work${textOfUntil(until)}`, 'what runs ends'],
      message: `${target} is paused${textOfUntil(until)}`,
    };
  };

export const resume: ActionDefinition<'resume'> =
  ({ target }, context) =>
  (state) => {
    const afterwards = waking(context.host);
    if (!isActive(state.pauses.get(target), context.nowMs)) {
      const refusal = whyNotPausable(context, state, target);
      // What is in the pipeline no more may still be paused, but not be asked about for ever.
      return refusal ?? { kind: 'unchanged', message: `${target} is not paused`, afterwards };
    }
    return {
      kind: 'act',
      effects: [{ type: 'Resumed', target }],
      lines: [`${target} works again, at once`],
      message: `${target} is resumed`,
      afterwards,
    };
  };

export const freeze: ActionDefinition<'freeze'> =
  ({ target, reason, until }, context) =>
  (state) => {
    const covered = coveredBy(context.seen, target);
    if (covered.kind === 'refused') return covered;
    const refusal = whyUntilIsPast(context, until);
    if (refusal !== undefined) return refusal;
    const { datasets } = covered;
    const afterwards = async (signal: AbortSignal) => {
      await context.host.fence(datasets, signal);
      return undefined;
    };
    if (isSameStop(state.freezes.get(target), { reason, until }, context.nowMs)) {
      return { kind: 'unchanged', message: `${target} is frozen already${textOfUntil(until)}`, afterwards };
    }
    return {
      kind: 'act',
      effects: [{ type: 'Frozen', target, reason, ...(until && { until }) }],
      lines: [
        ...datasets.map((dataset) => `${dataset} is fenced: what runs now cannot commit`),
        `${countOf(datasets.length, 'dataset')} stay as they are${textOfUntil(until)}; landing goes on`,
      ],
      message: `${target} is frozen${textOfUntil(until)}`,
      afterwards,
    };
  };

export const thaw: ActionDefinition<'thaw'> =
  ({ target }, context) =>
  (state) => {
    const afterwards = waking(context.host);
    const covered = coveredBy(context.seen, target);
    const wider = widerStop(state, target, context.nowMs);
    const rest = wider === undefined ? '' : `; it stays frozen with ${wider.target}`;
    if (!isActive(state.freezes.get(target), context.nowMs)) {
      if (covered.kind === 'refused') return covered;
      return { kind: 'unchanged', message: `${target} is not frozen itself${rest}`, afterwards };
    }
    return {
      kind: 'act',
      effects: [{ type: 'Thawed', target }],
      lines: [`what went stale in ${target} is built${rest}`],
      message: `${target} is thawed${rest}`,
      afterwards,
    };
  };

function isSameStop(
  stop: Stop | undefined,
  asked: { readonly reason: string; readonly until: string | undefined },
  nowMs: number,
): boolean {
  return isActive(stop, nowMs) && stop?.reason === asked.reason && isSameUntil(stop.until, asked.until);
}

function whyNotPausable({ seen }: ActionContext, state: ControlState, text: string): Refused | undefined {
  const target = parseTarget(text);
  switch (target?.kind) {
    case 'source': {
      const source = findSource(seen, target.source);
      return source.kind === 'refused' ? source : undefined;
    }
    case 'dataset': {
      const dataset = findDataset(seen, target.dataset);
      if (dataset.kind === 'refused') return dataset;
      if (dataset.found.layer !== 'bronze') return undefined;
      const source = `source:${dataset.found.source.name}`;
      return refuse('invalid', `${text} is landed by ${source}`, `Say ${source} instead.`);
    }
    case 'backfill': {
      const backfill = state.backfills.get(target.backfill);
      if (backfill === undefined) {
        return notFound(
          'backfill',
          text,
          [...state.backfills.values()]
            .filter(({ ended }) => ended === undefined)
            .map(({ id }) => `backfill:${id}`),
        );
      }
      if (backfill.ended === undefined) return undefined;
      return refuse(
        'expired',
        `${text} has ended (${backfill.ended.as})`,
        'Plan another backfill for what is left.',
      );
    }
    default:
      return refuse('invalid', `${text} cannot be paused`, 'Name a source, a dataset or a backfill.');
  }
}

type Covered = { readonly kind: 'covered'; readonly datasets: readonly DatasetName[] } | Refused;

function coveredBy(seen: Observation, text: string): Covered {
  const target = parseTarget(text);
  const built = seen.pipeline.datasets.filter(({ layer }) => layer !== 'bronze');
  const namesOf = (layer?: string) =>
    built.filter((step) => layer === undefined || step.layer === layer).map(({ name }) => name);
  if (target?.kind === 'all') return { kind: 'covered', datasets: namesOf() };
  if (target?.kind === 'layer' && target.layer !== 'bronze') {
    return { kind: 'covered', datasets: namesOf(target.layer) };
  }
  const dataset = target?.kind === 'dataset' ? findDataset(seen, target.dataset) : undefined;
  if (dataset?.kind === 'refused') return dataset;
  if (dataset !== undefined && dataset.found.layer !== 'bronze') {
    return { kind: 'covered', datasets: [dataset.found.name] };
  }
  return refuse(
    'invalid',
    `${text} is landed, and a freeze never stops landing`,
    'Freeze silver, gold or a dataset of theirs; to stop landing, pause its source.',
  );
}

function widerStop(state: ControlState, text: string, nowMs: number): Stop | undefined {
  const layer = text.slice(0, Math.max(0, text.indexOf('.')));
  const wider = text === 'all' ? [] : ['all', layer];
  return wider.map((name) => state.freezes.get(name)).find((stop) => isActive(stop, nowMs));
}
