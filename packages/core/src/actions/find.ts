import type { Dataset, Source } from '@lakewarden/compute';
import { type DatasetName, type Grain, isSliceKey, parseTarget, type Target } from '@lakewarden/contracts';
import type { Observation } from '../observe/observation.ts';
import type { SliceView } from '../reconcile/world.ts';
import { hintFor, type Refused, refuse } from './action.ts';

/** What was asked about, found in the pipeline and in what was seen; or why not, with what was perhaps meant. */
export type Found<Thing> = { readonly kind: 'found'; readonly found: Thing } | Refused;

export function notFound(noun: string, name: string, known: Iterable<string>): Refused {
  const remedy = hintFor(name, [...known], `there is no ${noun} at all`);
  return refuse('not-found', `there is no ${noun} ${name}`, remedy);
}

export function findDataset({ pipeline }: Observation, name: DatasetName): Found<Dataset> {
  const found = pipeline.datasets.find((dataset) => dataset.name === name);
  if (found !== undefined) return { kind: 'found', found };
  return notFound(
    'dataset',
    name,
    pipeline.datasets.map((dataset) => dataset.name),
  );
}

/** `name` with or without `source:`. */
export function findSource({ pipeline }: Observation, text: string): Found<Source> {
  const name = text.replace(/^source:/, '');
  const found = pipeline.sources.find((source) => source.name === name);
  if (found !== undefined) return { kind: 'found', found };
  return notFound(
    'source',
    name,
    pipeline.sources.map((source) => source.name),
  );
}

export interface BuiltSlice {
  readonly dataset: DatasetName;
  readonly key: string;
  /** Undefined: nothing is wanted or built there. */
  readonly view: SliceView | undefined;
}

/** A slice of silver or gold whose key is right for its dataset; whether anything is in it is another question. */
export function findBuiltSlice(seen: Observation, text: string): Found<BuiltSlice> {
  const target = parseTarget(text);
  if (target?.kind !== 'slice')
    return refuse('invalid', `${text} is no slice`, 'Such as silver.orders@2011-11-11.');
  const { dataset, slice: key } = target;
  const step = findDataset(seen, dataset);
  if (step.kind === 'refused') return step;
  if (step.found.layer === 'bronze') {
    return refuse(
      'invalid',
      `${dataset} is landed, not built: it has no pins`,
      `To stop landing, pause source:${step.found.source.name}.`,
    );
  }
  const grain = grainOf(step.found);
  if (!isSliceKey(key, grain)) {
    return refuse(
      'invalid',
      `${dataset} has a slice for each ${grain}: ${key} is none`,
      `Such as ${dataset}@${EXAMPLES[grain]}.`,
    );
  }
  const slices = seen.views?.get(dataset)?.slices;
  if (slices === undefined) {
    return refuse('unavailable', `${dataset} has not been looked at yet`, 'Try again in a few seconds.');
  }
  return { kind: 'found', found: { dataset, key, view: slices.find(({ wanted }) => wanted.slice === key) } };
}

const EXAMPLES: Readonly<Record<Grain, string>> = {
  hour: '2011-11-11T07',
  day: '2011-11-11',
  month: '2011-11',
  all: 'all',
};

function grainOf(step: Extract<Dataset, { layer: 'silver' | 'gold' }>): Grain {
  return step.layer === 'silver' && step.refresh === 'snapshot' ? 'day' : step.grain;
}

/** A dataset, slice or source as a target of work. */
export function findWork(seen: Observation, text: string): Found<Target> {
  const target = parseTarget(text);
  const place =
    target?.kind === 'source'
      ? findSource(seen, target.source)
      : target?.kind === 'dataset' || target?.kind === 'slice'
        ? findDataset(seen, target.dataset)
        : undefined;
  if (place?.kind === 'refused') return place;
  if (target === undefined || place === undefined) {
    return refuse('invalid', `${text} names no work`, 'Such as silver.orders@2011-11-11 or source:orders.');
  }
  return { kind: 'found', found: target };
}
