/** What expressions can see, and from where. Pure: the time comes with the scope. */
import { ExpressionError, type Scope } from './expression.ts';
import { type Json, type JsonObject, textOf } from './json.ts';

/** What an expression of a running pipeline may read. */
export interface RunView {
  readonly factory: string;
  readonly pipelineName: string;
  readonly runId: string;
  readonly runGroupId: string;
  readonly triggerTimeMs: number;
  readonly parameters: JsonObject;
  readonly variables: JsonObject;
  /** Output (and status, error) of the activities that have ended. */
  readonly activities: Readonly<Record<string, JsonObject>>;
}

export function pipelineScope(view: RunView, nowMs: number): Scope {
  return {
    ...textFunctions(nowMs),
    pipeline: () => ({
      DataFactory: view.factory,
      Pipeline: view.pipelineName,
      RunId: view.runId,
      GroupId: view.runGroupId,
      TriggerId: '',
      TriggerName: 'Manual',
      TriggerType: 'Manual',
      TriggerTime: isoTime(view.triggerTimeMs),
      parameters: view.parameters,
    }),
    variables: ([name]) => named(view.variables, name, 'variable'),
    activity: ([name]) => named(view.activities, name, 'activity'),
  };
}

/** Inside a dataset only its own parameters and the time are known. */
export function datasetScope(parameters: JsonObject, nowMs: number): Scope {
  return { ...textFunctions(nowMs), dataset: () => parameters };
}

export function linkedServiceScope(parameters: JsonObject, nowMs: number): Scope {
  return { ...textFunctions(nowMs), linkedservice: () => parameters };
}

export const pipelineFunctions = Object.keys(
  pipelineScope(
    {
      factory: '',
      pipelineName: '',
      runId: '',
      runGroupId: '',
      triggerTimeMs: 0,
      parameters: {},
      variables: {},
      activities: {},
    },
    0,
  ),
);
export const datasetFunctions = Object.keys(datasetScope({}, 0));
export const linkedServiceFunctions = Object.keys(linkedServiceScope({}, 0));

function textFunctions(nowMs: number): Scope {
  return {
    concat: (args) => args.map(textOf).join(''),
    utcnow: ([format]) => formatTime(nowMs, format === undefined ? 'o' : textOf(format)),
  };
}

function named(from: Readonly<Record<string, Json | undefined>>, name: Json | undefined, what: string): Json {
  const key = textOf(name);
  const value = Object.hasOwn(from, key) ? from[key] : undefined;
  if (value === undefined) throw new ExpressionError(`The ${what} '${key}' has no value here.`);
  return value;
}

/** As the service writes times: seven digits of a second. */
function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '0000Z');
}

const timeParts: Readonly<Record<string, (iso: string) => string>> = {
  yyyy: (iso) => iso.slice(0, 4),
  MM: (iso) => iso.slice(5, 7),
  dd: (iso) => iso.slice(8, 10),
  HH: (iso) => iso.slice(11, 13),
  mm: (iso) => iso.slice(14, 16),
  ss: (iso) => iso.slice(17, 19),
  fff: (iso) => iso.slice(20, 23),
};

/** The part of .NET's custom formats that names folders and windows. */
export function formatTime(timeMs: number, format: string): string {
  if (format === 'o') return isoTime(timeMs);
  const iso = new Date(timeMs).toISOString();
  // Runs of one letter, as .NET reads them; T and Z stand for themselves.
  return format.replace(/([A-Za-z])\1*/g, (part) => {
    if (part === 'T' || part === 'Z') return part;
    const write = Object.hasOwn(timeParts, part) ? timeParts[part] : undefined;
    if (write === undefined) throw new ExpressionError(`The time format '${format}' is not emulated.`);
    return write(iso);
  });
}
