/** Declared parameters of pipelines, datasets and linked services, and the values given for them. */
import { badRequest } from './arm-error.ts';
import { isObject, type Json, type JsonObject, objectAt, optionalObjectAt } from './json.ts';

const parameterTypes = ['String', 'Int', 'Float', 'Bool', 'Array', 'Object', 'SecureString'] as const;
export type ParameterType = (typeof parameterTypes)[number];

export interface ParameterDeclaration {
  readonly type: ParameterType;
  readonly defaultValue: Json | undefined;
}
export type ParameterDeclarations = Readonly<Record<string, ParameterDeclaration>>;

export function parseParameters(value: unknown, path: string): ParameterDeclarations {
  const declared = Object.entries(optionalObjectAt(value, path)).map(([name, item]) => {
    const specification = objectAt(item, `${path}.${name}`);
    const type = typeNamed(specification.type);
    if (type === undefined) {
      throw badRequest(`${path}.${name}.type must be one of ${parameterTypes.join(', ')}.`);
    }
    const { defaultValue } = specification;
    if (defaultValue !== undefined && defaultValue !== null && !isOfType(defaultValue, type)) {
      throw badRequest(`${path}.${name}.defaultValue is not of type ${type}.`);
    }
    return [name, { type, defaultValue: defaultValue ?? undefined }] as const;
  });
  return Object.fromEntries(declared);
}

/**
 * Fills defaults in. Throws 400 for a missing value, a wrong type or an undeclared name.
 * Source for the missing value: the service says InvalidTemplate; refusing undeclared names is our assumption.
 */
export function bindParameters(
  declared: ParameterDeclarations,
  given: JsonObject,
  owner: string,
): JsonObject {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    throw badRequest(`The parameter '${unknown}' is not declared by ${owner}.`, 'InvalidTemplate');
  }
  const bound = Object.entries(declared).map(([name, { type, defaultValue }]) => {
    const value = (Object.hasOwn(given, name) ? given[name] : undefined) ?? defaultValue;
    if (value === undefined) {
      throw badRequest(
        `The value for the parameter '${name}' of ${owner} is not provided.`,
        'InvalidTemplate',
      );
    }
    if (!isOfType(value, type)) {
      throw badRequest(`The parameter '${name}' of ${owner} is not of type ${type}.`, 'InvalidTemplate');
    }
    return [name, value] as const;
  });
  return Object.fromEntries(bound);
}

function typeNamed(name: unknown): ParameterType | undefined {
  // The service writes `String`, older templates `string`.
  if (typeof name !== 'string') return undefined;
  return parameterTypes.find((type) => type.toLowerCase() === name.toLowerCase());
}

function isOfType(value: Json, type: ParameterType): boolean {
  switch (type) {
    case 'String':
      return typeof value === 'string';
    case 'SecureString':
      return typeof value === 'string' || isObject(value);
    case 'Int':
      return typeof value === 'number' && Number.isInteger(value);
    case 'Float':
      return typeof value === 'number';
    case 'Bool':
      return typeof value === 'boolean';
    case 'Array':
      return Array.isArray(value);
    case 'Object':
      return isObject(value);
  }
}
