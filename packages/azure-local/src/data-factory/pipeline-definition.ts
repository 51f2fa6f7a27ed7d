/** A pipeline document, judged whole before it is stored: what would not run as written is refused here. */
import { badRequest } from './arm-error.ts';
import { checkExpressions, type ExpressionPlace } from './check-expressions.ts';
import { pipelineFunctions } from './expression-scope.ts';
import {
  arrayAt,
  integerAt,
  type Json,
  type JsonObject,
  objectAt,
  optionalObjectAt,
  stringAt,
} from './json.ts';
import { type ParameterDeclarations, parseParameters } from './parameters.ts';

const activityTypes = ['Copy', 'Wait', 'SetVariable'] as const;
export type ActivityType = (typeof activityTypes)[number];
const dependencyConditions = ['Succeeded', 'Failed', 'Skipped', 'Completed'] as const;
export type DependencyCondition = (typeof dependencyConditions)[number];

export interface Dependency {
  readonly activity: string;
  /** Met when any of them holds. */
  readonly conditions: readonly DependencyCondition[];
}

export interface DatasetReference {
  readonly name: string;
  readonly parameters: JsonObject;
}

export interface ActivityDefinition {
  readonly name: string;
  readonly type: ActivityType;
  readonly dependsOn: readonly Dependency[];
  readonly retryCount: number;
  readonly retryIntervalMs: number;
  readonly timeoutMs: number;
  /** Not run at all, and counted as this. */
  readonly inactiveAs: 'Succeeded' | 'Failed' | 'Skipped' | undefined;
  readonly typeProperties: JsonObject;
  readonly inputs: readonly DatasetReference[];
  readonly outputs: readonly DatasetReference[];
}

export interface PipelineDefinition {
  readonly activities: readonly ActivityDefinition[];
  readonly parameters: ParameterDeclarations;
  readonly variables: ParameterDeclarations;
  /** Runs of this pipeline in progress at once; the others stay queued. */
  readonly concurrencyMax: number | undefined;
  readonly runDimensions: JsonObject;
}

// Limits of the service: MS Learn "Azure subscription and service limits", Data Factory.
const activityCountMax = 80;
const activityNamePattern = /^[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,54}$/;
const hourMs = 3_600_000;
const timeoutMsMax = 7 * 24 * hourMs;
const timeoutMsDefault = 12 * hourMs;

export function parsePipeline(properties: unknown): PipelineDefinition {
  const document = objectAt(properties, 'properties');
  const items = arrayAt(document.activities, 'activities');
  if (items.length > activityCountMax)
    throw badRequest(`A pipeline may hold ${activityCountMax} activities.`);
  const concurrency = integerAt(document.concurrency, 'concurrency', 0, 0, 50);
  const pipeline: PipelineDefinition = {
    activities: items.map((item, index) => parseActivity(item, `activities[${index}]`)),
    parameters: parseParameters(document.parameters, 'parameters'),
    variables: parseParameters(document.variables, 'variables'),
    concurrencyMax: concurrency === 0 ? undefined : concurrency,
    runDimensions: optionalObjectAt(document.runDimensions, 'runDimensions'),
  };
  checkGraph(pipeline.activities);
  checkPipelineExpressions(pipeline);
  return pipeline;
}

function parseActivity(value: Json, path: string): ActivityDefinition {
  const document = objectAt(value, path);
  const name = stringAt(document.name, `${path}.name`);
  if (!activityNamePattern.test(name))
    throw badRequest(`${path}.name '${name}' is not a valid activity name.`);
  const where = `activity '${name}'`;
  const type = activityTypes.find((known) => known === document.type);
  if (type === undefined) {
    const known = activityTypes.join(', ');
    throw badRequest(`${where}: type '${String(document.type)}' is not emulated; known are ${known}.`);
  }
  return {
    name,
    type,
    dependsOn: arrayAt(document.dependsOn, `${where}.dependsOn`).map((item) => parseDependency(item, where)),
    ...parsePolicy(optionalObjectAt(document.policy, `${where}.policy`), where),
    inactiveAs: parseInactive(document),
    typeProperties: optionalObjectAt(document.typeProperties, `${where}.typeProperties`),
    inputs: arrayAt(document.inputs, `${where}.inputs`).map((item) => parseReference(item, where)),
    outputs: arrayAt(document.outputs, `${where}.outputs`).map((item) => parseReference(item, where)),
  };
}

function parseDependency(value: Json, where: string): Dependency {
  const document = objectAt(value, `${where}.dependsOn`);
  const conditions = arrayAt(document.dependencyConditions, `${where}.dependencyConditions`).map((item) => {
    const condition = dependencyConditions.find((known) => known === item);
    if (condition === undefined)
      throw badRequest(`${where}: '${String(item)}' is not a dependency condition.`);
    return condition;
  });
  return {
    activity: stringAt(document.activity, `${where}.dependsOn.activity`),
    conditions: conditions.length === 0 ? ['Succeeded'] : conditions,
  };
}

function parsePolicy(policy: JsonObject, where: string) {
  // They would have to hide what activity runs show; ignoring them would show it (I17).
  if (policy.secureInput === true || policy.secureOutput === true) {
    throw badRequest(`${where}: secureInput and secureOutput are not emulated.`);
  }
  return {
    retryCount: integerAt(policy.retry, `${where}.policy.retry`, 0, 0, 100),
    // 30 s is the service's own least interval.
    retryIntervalMs:
      1000 *
      integerAt(policy.retryIntervalInSeconds, `${where}.policy.retryIntervalInSeconds`, 30, 30, 86_400),
    timeoutMs: timeSpanMs(policy.timeout, `${where}.policy.timeout`),
  };
}

/** `[d.]hh:mm:ss`. */
function timeSpanMs(value: unknown, path: string): number {
  if (value === undefined || value === null) return timeoutMsDefault;
  const match = typeof value === 'string' ? /^(?:(\d{1,2})\.)?(\d\d):(\d\d):(\d\d)$/.exec(value) : null;
  if (match === null) throw badRequest(`${path} must be a time span such as 0.12:00:00.`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const spanMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  if (spanMs <= 0 || spanMs > timeoutMsMax)
    throw badRequest(`${path} must be above zero and at most 7 days.`);
  return spanMs;
}

function parseInactive(document: JsonObject): ActivityDefinition['inactiveAs'] {
  if (document.state !== 'Inactive') return undefined;
  const as = document.onInactiveMarkAs;
  return as === 'Failed' || as === 'Skipped' ? as : 'Succeeded';
}

function parseReference(value: Json, where: string): DatasetReference {
  const document = objectAt(value, `${where}: a dataset reference`);
  return {
    name: stringAt(document.referenceName, `${where}: referenceName`),
    parameters: optionalObjectAt(document.parameters, `${where}: parameters`),
  };
}

function checkGraph(activities: readonly ActivityDefinition[]): void {
  const byName = new Map(activities.map((activity) => [activity.name, activity]));
  if (byName.size < activities.length) throw badRequest('Two activities of the pipeline have the same name.');
  for (const { name, dependsOn } of activities) {
    const missing = dependsOn.find((dependency) => !byName.has(dependency.activity));
    if (missing !== undefined) {
      throw badRequest(`Activity '${name}' depends on '${missing.activity}', which is not in the pipeline.`);
    }
    if (ancestorsOf(name, byName).has(name)) throw badRequest(`Activity '${name}' depends on itself.`);
  }
}

function ancestorsOf(name: string, byName: ReadonlyMap<string, ActivityDefinition>): ReadonlySet<string> {
  const found = new Set<string>();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { activity } of byName.get(next)?.dependsOn ?? []) {
      if (found.has(activity)) continue;
      found.add(activity);
      pending.push(activity);
    }
  }
  return found;
}

function checkPipelineExpressions(pipeline: PipelineDefinition): void {
  const byName = new Map(pipeline.activities.map((activity) => [activity.name, activity]));
  const parameters = Object.keys(pipeline.parameters);
  const variables = Object.keys(pipeline.variables);
  const place = (where: string, activities: ReadonlySet<string>): ExpressionPlace => ({
    where,
    functions: pipelineFunctions,
    parameters: { of: 'pipeline', names: parameters },
    variables,
    activities,
  });
  for (const activity of pipeline.activities) {
    const here = place(`activity '${activity.name}'`, ancestorsOf(activity.name, byName));
    checkExpressions(activity.typeProperties, here);
    for (const reference of [...activity.inputs, ...activity.outputs]) {
      checkExpressions(reference.parameters, here);
    }
  }
  for (const { name, type, typeProperties } of pipeline.activities) {
    if (type === 'SetVariable' && !variables.includes(String(typeProperties.variableName))) {
      throw badRequest(
        `activity '${name}': the variable '${String(typeProperties.variableName)}' is not declared.`,
      );
    }
  }
  checkExpressions(pipeline.runDimensions, place('runDimensions', new Set()));
}
