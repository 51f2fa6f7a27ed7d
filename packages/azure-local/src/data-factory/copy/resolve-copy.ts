/** From a Copy activity and the documents it names to a concrete plan: which store, which paths, which format. Pure. */
import { ArmError } from '../arm-error.ts';
import type {
  DatasetDefinition,
  DatasetFormat,
  LinkedServiceDefinition,
  StoreType,
} from '../dataset-definition.ts';
import { resolveValue, type Scope } from '../expression.ts';
import { datasetScope, linkedServiceScope } from '../expression-scope.ts';
import { isObject, type Json, type JsonObject, textOf } from '../json.ts';
import { bindParameters } from '../parameters.ts';
import type { ActivityDefinition, DatasetReference } from '../pipeline-definition.ts';
import type { RunPlan } from '../runs/run-record.ts';
import { ActivityFailure, copyFailure } from './copy-error.ts';
import type { DelimitedTextRules } from './count-rows.ts';

export interface ResolvedDataset {
  readonly format: DatasetFormat;
  readonly store: StoreType;
  readonly location: JsonObject;
  readonly linkedService: JsonObject;
  readonly formatProperties: JsonObject;
}

export interface ResolvedCopy {
  readonly source: ResolvedDataset;
  readonly sourceSettings: JsonObject;
  readonly sink: ResolvedDataset;
  /** Undefined for Binary: bytes have no rows. */
  readonly rows: { readonly kind: 'json' } | ({ readonly kind: 'csv' } & DelimitedTextRules) | undefined;
}

export function resolveCopy(
  activity: ActivityDefinition,
  plan: RunPlan,
  scope: Scope,
  nowMs: number,
): ResolvedCopy {
  const source = resolveDataset(activity.inputs[0], plan, scope, nowMs);
  const sink = resolveDataset(activity.outputs[0], plan, scope, nowMs);
  const properties = resolveValue(activity.typeProperties, scope) as JsonObject;
  const sourceProperties = isObject(properties.source) ? properties.source : {};
  const sourceSettings = isObject(sourceProperties.storeSettings) ? sourceProperties.storeSettings : {};
  checkSameFormat(source, sink);
  return { source, sourceSettings, sink, rows: rowRules(source) };
}

function resolveDataset(
  reference: DatasetReference | undefined,
  plan: RunPlan,
  scope: Scope,
  nowMs: number,
): ResolvedDataset {
  const dataset: DatasetDefinition | undefined = plan.datasets[reference?.name.toLowerCase() ?? ''];
  const linked: LinkedServiceDefinition | undefined =
    plan.linkedServices[dataset?.linkedService.toLowerCase() ?? ''];
  if (reference === undefined || dataset === undefined || linked === undefined) {
    throw new ActivityFailure(
      '2200',
      'UserError',
      `The dataset or linked service of '${reference?.name}' is gone.`,
    );
  }
  const given = resolveValue(reference.parameters, scope) as JsonObject;
  const inDataset = datasetScope(bind(dataset.parameters, given, `dataset '${reference.name}'`), nowMs);
  const { location, ...formatProperties } = resolveValue(dataset.typeProperties, inDataset) as JsonObject;
  const linkedGiven = resolveValue(dataset.linkedServiceParameters, inDataset) as JsonObject;
  const inLinked = linkedServiceScope(bind(linked.parameters, linkedGiven, 'the linked service'), nowMs);
  return {
    format: dataset.format,
    store: linked.store,
    location: location as JsonObject,
    linkedService: resolveValue(linked.typeProperties, inLinked) as JsonObject,
    formatProperties,
  };
}

function bind(...args: Parameters<typeof bindParameters>): JsonObject {
  try {
    return bindParameters(...args);
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    throw new ActivityFailure('InvalidTemplate', 'UserError', error.message);
  }
}

/** Copies keep every byte, so a copy that would have to change them is refused rather than done wrongly. */
function checkSameFormat(source: ResolvedDataset, sink: ResolvedDataset): void {
  const shape = ({ format, formatProperties }: ResolvedDataset): string =>
    format === 'DelimitedText' ? JSON.stringify(delimitedRules(formatProperties)) : format;
  if (source.format !== sink.format || shape(source) !== shape(sink)) {
    const message =
      'Converting between formats is not emulated; give both datasets the same type and properties.';
    throw copyFailure('UserErrorFormatConversion', 'Sink', message);
  }
}

function rowRules({ format, formatProperties }: ResolvedDataset): ResolvedCopy['rows'] {
  switch (format) {
    case 'Binary':
      return undefined;
    case 'Json':
      return { kind: 'json' };
    case 'DelimitedText':
      return { kind: 'csv', ...delimitedRules(formatProperties) };
  }
}

/** Defaults of MS Learn "Delimited text format": comma, double quote, backslash, no header. */
function delimitedRules(properties: JsonObject): DelimitedTextRules {
  return {
    columnDelimiter: byteOf(properties.columnDelimiter, ','),
    quote: byteOf(properties.quoteChar, '"'),
    escape: byteOf(properties.escapeChar, '\\'),
    firstRowAsHeader: textOf(properties.firstRowAsHeader).toLowerCase() === 'true',
  };
}

function byteOf(value: Json | undefined, fallback: string): number {
  const text = value === undefined || value === null ? fallback : textOf(value);
  return text === '' ? -1 : (Buffer.from(text)[0] ?? -1);
}
