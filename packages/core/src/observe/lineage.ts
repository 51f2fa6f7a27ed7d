import type { Dataset, Pipeline } from '@lakewarden/compute';
import { type DatasetName, parseTarget } from '@lakewarden/contracts';

/** What an incident or a signal is about, brought to names of the build graph: datasets and `source:<name>`. */

/** The dataset of a slice or dataset, the source itself; undefined for `all`, layers and backfills. */
export function placeOf(target: string): string | undefined {
  const parsed = parseTarget(target);
  switch (parsed?.kind) {
    case 'dataset':
    case 'slice':
      return parsed.dataset;
    case 'source':
      return target;
    default:
      return undefined;
  }
}

/** The place itself and all that it is made from, sources included. */
export function upstreamOf(pipeline: Pipeline, place: string): ReadonlySet<string> {
  const known = memo.get(pipeline) ?? new Map<string, ReadonlySet<string>>();
  memo.set(pipeline, known);
  const found = known.get(place) ?? collect(pipeline, place);
  known.set(place, found);
  return found;
}

const memo = new WeakMap<Pipeline, Map<string, ReadonlySet<string>>>();

function collect(pipeline: Pipeline, place: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    const step = pipeline.datasets.find((dataset) => dataset.name === name);
    if (step !== undefined) for (const input of inputsOf(step)) visit(input);
  };
  visit(place);
  return found;
}

function inputsOf(step: Dataset): readonly string[] {
  if (step.layer === 'bronze') return [`source:${step.source.name}`];
  if (step.layer === 'silver') return [step.from.name];
  return step.inputs.map(({ dataset }) => dataset.name);
}

/** Gold datasets whose query reads this one directly. */
export function readersOf(pipeline: Pipeline, dataset: string): readonly DatasetName[] {
  return pipeline.datasets.flatMap((step) => (inputsOf(step).includes(dataset) ? [step.name] : []));
}

/** The bronze dataset of a source, or the dataset itself. */
export function datasetOf(pipeline: Pipeline, place: string): DatasetName | undefined {
  return pipeline.datasets.find(
    (step) => step.name === place || (step.layer === 'bronze' && `source:${step.source.name}` === place),
  )?.name;
}

/** Is it a dataset or a source of this pipeline, a slice of one, a layer, or all of it? */
export function isTargetOf(pipeline: Pipeline, target: string): boolean {
  const kind = parseTarget(target)?.kind;
  if (kind === 'all' || kind === 'layer') return true;
  const place = placeOf(target);
  return place !== undefined && datasetOf(pipeline, place) !== undefined;
}

/** Datasets and sources that a target means: of a layer all of the layer, of `all` everything. */
export function placesOf(pipeline: Pipeline, target: string): readonly string[] {
  const place = placeOf(target);
  if (place !== undefined) return [place];
  const parsed = parseTarget(target);
  if (parsed?.kind !== 'all' && parsed?.kind !== 'layer') return [];
  const inLayer = pipeline.datasets.filter((step) => parsed.kind === 'all' || step.layer === parsed.layer);
  const sources = parsed.kind === 'all' ? pipeline.sources.map(({ name }) => `source:${name}`) : [];
  return [...sources, ...inLayer.map(({ name }) => name)];
}
