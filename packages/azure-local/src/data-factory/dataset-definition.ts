/** Dataset and linked-service documents: judged when stored, resolved with their parameters when a run uses them. */
import { badRequest } from './arm-error.ts';
import { checkExpressions } from './check-expressions.ts';
import { datasetFunctions, linkedServiceFunctions } from './expression-scope.ts';
import { type JsonObject, objectAt, optionalObjectAt, stringAt } from './json.ts';
import { type ParameterDeclarations, parseParameters } from './parameters.ts';

const datasetFormats = ['Binary', 'DelimitedText', 'Json'] as const;
export type DatasetFormat = (typeof datasetFormats)[number];

/** Store of a linked service → the location type that its datasets have. */
export const locationTypes = {
  FileServer: 'FileServerLocation',
  HttpServer: 'HttpServerLocation',
  AzureBlobFS: 'AzureBlobFSLocation',
} as const;
export type StoreType = keyof typeof locationTypes;

export interface DatasetDefinition {
  readonly format: DatasetFormat;
  readonly locationType: string;
  readonly linkedService: string;
  readonly linkedServiceParameters: JsonObject;
  readonly parameters: ParameterDeclarations;
  readonly typeProperties: JsonObject;
}

export interface LinkedServiceDefinition {
  readonly store: StoreType;
  readonly parameters: ParameterDeclarations;
  readonly typeProperties: JsonObject;
}

export function parseDataset(properties: unknown): DatasetDefinition {
  const document = objectAt(properties, 'properties');
  const format = datasetFormats.find((known) => known === document.type);
  if (format === undefined) {
    throw badRequest(
      `Dataset type '${String(document.type)}' is not emulated; known are ${datasetFormats.join(', ')}.`,
    );
  }
  const reference = objectAt(document.linkedServiceName, 'linkedServiceName');
  const typeProperties = objectAt(document.typeProperties, 'typeProperties');
  const location = objectAt(typeProperties.location, 'typeProperties.location');
  const locationType = stringAt(location.type, 'typeProperties.location.type');
  if (!Object.values<string>(locationTypes).includes(locationType)) {
    throw badRequest(`Location type '${locationType}' is not emulated.`);
  }
  const parameters = parseParameters(document.parameters, 'parameters');
  const place = {
    where: 'dataset',
    functions: datasetFunctions,
    parameters: { of: 'dataset' as const, names: Object.keys(parameters) },
    variables: [],
    activities: new Set<string>(),
  };
  const linkedServiceParameters = optionalObjectAt(reference.parameters, 'linkedServiceName.parameters');
  checkExpressions(typeProperties, place);
  checkExpressions(linkedServiceParameters, place);
  return {
    format,
    locationType,
    linkedService: stringAt(reference.referenceName, 'linkedServiceName.referenceName'),
    linkedServiceParameters,
    parameters,
    typeProperties,
  };
}

export function parseLinkedService(properties: unknown): LinkedServiceDefinition {
  const document = objectAt(properties, 'properties');
  const store = Object.keys(locationTypes).find((known) => known === document.type);
  if (store === undefined) {
    const known = Object.keys(locationTypes).join(', ');
    throw badRequest(`Linked service type '${String(document.type)}' is not emulated; known are ${known}.`);
  }
  const typeProperties = objectAt(document.typeProperties, 'typeProperties');
  const parameters = parseParameters(document.parameters, 'parameters');
  checkExpressions(typeProperties, {
    where: 'linked service',
    functions: linkedServiceFunctions,
    parameters: { of: 'linkedservice', names: Object.keys(parameters) },
    variables: [],
    activities: new Set<string>(),
  });
  return { store: store as StoreType, parameters, typeProperties };
}
