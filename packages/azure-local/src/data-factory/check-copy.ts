/** A Copy activity's own properties, judged when the pipeline is stored: nothing that changes the result is ignored. */
import { badRequest } from './arm-error.ts';
import {
  type DatasetDefinition,
  type DatasetFormat,
  type LinkedServiceDefinition,
  locationTypes,
} from './dataset-definition.ts';
import { isObject, type JsonObject, objectAt } from './json.ts';
import type { ActivityDefinition } from './pipeline-definition.ts';

export interface Documents {
  dataset(name: string): DatasetDefinition | undefined;
  linkedService(name: string): LinkedServiceDefinition | undefined;
}

/** They say how fast or where, never what arrives. */
const harmless = [
  'parallelCopies',
  'dataIntegrationUnits',
  'validateDataConsistency',
  'enableSkipIncompatibleRow',
];
const settingsHarmless = ['type', 'maxConcurrentConnections', 'disableMetricsCollection', 'blockSizeInMB'];
const readSettings = [
  'recursive',
  'wildcardFolderPath',
  'wildcardFileName',
  'requestMethod',
  'requestBody',
  'additionalHeaders',
  'requestTimeout',
];
/** Properties of datasets that keep bytes and rows as they are. */
const datasetProperties = [
  'location',
  'columnDelimiter',
  'rowDelimiter',
  'encodingName',
  'quoteChar',
  'escapeChar',
  'firstRowAsHeader',
  'nullValue',
];

export function checkCopy(activity: ActivityDefinition, documents: Documents): void {
  const { name, typeProperties, inputs, outputs } = activity;
  const where = `activity '${name}'`;
  if (inputs.length !== 1 || outputs.length !== 1)
    throw badRequest(`${where} needs one input and one output.`);
  onlyKnown(typeProperties, ['source', 'sink', 'enableStaging', ...harmless], where);
  if (typeProperties.enableStaging === true) throw badRequest(`${where}: staging is not emulated.`);
  const source = objectAt(typeProperties.source, `${where}: source`);
  const sink = objectAt(typeProperties.sink, `${where}: sink`);
  checkSide(source, 'Source', inputs[0]?.name ?? '', documents, where);
  checkSide(sink, 'Sink', outputs[0]?.name ?? '', documents, where);
}

function checkSide(
  side: JsonObject,
  kind: 'Source' | 'Sink',
  datasetName: string,
  documents: Documents,
  where: string,
): void {
  const dataset = documents.dataset(datasetName);
  if (dataset === undefined) {
    throw badRequest(
      `The document cannot be created because it references the dataset '${datasetName}', which does not exist.`,
    );
  }
  const wanted = `${dataset.format}${kind}`;
  if (side.type !== wanted) {
    throw badRequest(
      `${where} has an invalid "${kind.toLowerCase()}" property: type '${String(side.type)}' does not go with dataset '${datasetName}', which needs '${wanted}'.`,
    );
  }
  const store = documents.linkedService(dataset.linkedService)?.store;
  if (kind === 'Sink' && store !== 'AzureBlobFS')
    throw badRequest(`${where}: only AzureBlobFS can be a sink.`);
  onlyKnown(
    side,
    ['type', 'storeSettings', 'formatSettings', 'maxConcurrentConnections', 'disableMetricsCollection'],
    where,
  );
  checkStoreSettings(side.storeSettings, kind, where);
  checkFormatSettings(side.formatSettings, dataset.format, where);
}

function checkStoreSettings(value: unknown, kind: 'Source' | 'Sink', where: string): void {
  const settings = isObject(value) ? value : {};
  onlyKnown(settings, [...settingsHarmless, ...(kind === 'Source' ? readSettings : ['copyBehavior'])], where);
  const behavior = settings.copyBehavior;
  if (behavior !== undefined && behavior !== null && behavior !== '' && behavior !== 'PreserveHierarchy') {
    throw badRequest(`${where}: copyBehavior '${String(behavior)}' is not emulated, only PreserveHierarchy.`);
  }
}

/** What the designer writes by default is taken, although bytes are kept whatever it says (see docs/local-azure.md). */
function checkFormatSettings(value: unknown, format: DatasetFormat, where: string): void {
  const settings = isObject(value) ? value : {};
  const known = {
    Binary: ['type'],
    DelimitedText: ['type', 'quoteAllText', 'fileExtension', 'skipLineCount'],
    Json: ['type', 'filePattern'],
  }[format];
  onlyKnown(settings, known, where);
  const { skipLineCount } = settings;
  if (skipLineCount !== undefined && skipLineCount !== null && skipLineCount !== 0) {
    throw badRequest(`${where}: skipLineCount is not emulated.`);
  }
}

/** Of a dataset, once its linked service is known. */
export function checkDataset(dataset: DatasetDefinition, documents: Documents): void {
  const linked = documents.linkedService(dataset.linkedService);
  if (linked === undefined) {
    const name = dataset.linkedService;
    throw badRequest(
      `The document cannot be created because it references the linked service '${name}', which does not exist.`,
    );
  }
  if (locationTypes[linked.store] !== dataset.locationType) {
    throw badRequest(
      `A location of type '${dataset.locationType}' does not go with a linked service '${linked.store}'.`,
    );
  }
  onlyKnown(withoutEmptyCompression(dataset.typeProperties), datasetProperties, 'dataset');
  const encoding = dataset.typeProperties.encodingName;
  const known = ['utf-8', 'utf8', 'us-ascii', 'iso-8859-1', ''];
  if (typeof encoding === 'string' && !known.includes(encoding.toLowerCase())) {
    throw badRequest(`Encoding '${encoding}' is not emulated.`);
  }
}

function withoutEmptyCompression(properties: JsonObject): JsonObject {
  const { compressionCodec, ...rest } = properties;
  const isNone = compressionCodec === undefined || String(compressionCodec).toLowerCase() === 'none';
  return isNone ? rest : properties;
}

function onlyKnown(value: JsonObject, known: readonly string[], where: string): void {
  const unknown = Object.entries(value).find(
    ([key, item]) => item !== undefined && item !== null && !known.includes(key),
  );
  if (unknown !== undefined) throw badRequest(`${where}: the property '${unknown[0]}' is not emulated.`);
}
