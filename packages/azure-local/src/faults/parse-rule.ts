import type { ServiceName } from '../server/service.ts';
import type { FaultAction, FaultMatch, FaultRule, FaultWhen } from './rule.ts';

/** The rule that a POST /faults body asks for, or what is wrong with it. */
export type ParsedRule =
  | { readonly ok: true; readonly rule: FaultRule }
  | { readonly ok: false; readonly reason: string };

const SERVICES: readonly ServiceName[] = [
  'storage',
  'arm',
  'login',
  'event-hubs',
  'data-factory',
  'log-analytics',
  'metrics',
];
/** Kinds that one service alone understands. */
const SERVICE_OF_KIND: Readonly<Record<string, ServiceName>> = {
  'distort-copy': 'data-factory',
  'stuck-run': 'data-factory',
  'listing-lag': 'data-factory',
  detach: 'event-hubs',
  refuse: 'event-hubs',
};
const KINDS = ['error', 'drop', 'hold', 'delay', ...Object.keys(SERVICE_OF_KIND)];
const PATTERN_CHARS_MAX = 500;
const DELAY_MS_MAX = 600_000;
const LAG_MS_MAX = 86_400_000;
const FILES_MAX = 1_000_000;
const RULE_KEYS = ['service', 'match', 'action', 'probability', 'seed', 'skip', 'count'];

/** Refusals inside this file only; `parseRule` turns them into its outcome. */
class Refused extends Error {}

export function parseRule(input: unknown): ParsedRule {
  try {
    return { ok: true, rule: ruleOf(record(input, 'the body')) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: error.message };
    throw error;
  }
}

function ruleOf(input: Record<string, unknown>): FaultRule {
  onlyKeys(input, RULE_KEYS, 'the body');
  const service = SERVICES.find((name) => name === input.service);
  if (service === undefined) throw new Refused(`service must be one of ${SERVICES.join(', ')}`);
  const match = parseMatch(input.match === undefined ? {} : record(input.match, 'match'));
  const action = parseAction(record(input.action, 'action'));
  const only = SERVICE_OF_KIND[action.kind];
  if (only !== undefined && only !== service)
    throw new Refused(`action.kind ${action.kind} is for service ${only}`);
  if (action.kind === 'refuse' && Object.keys(match).length > 0)
    throw new Refused('action.kind refuse strikes every connection: match must be absent');
  return {
    service,
    match,
    action,
    probability: optional(input.probability, 1, (value) => numberIn(value, 'probability', 0, 1)),
    seed: optional(input.seed, 1, (value) => integerIn(value, 'seed', 0, 0xffff_ffff)),
    skip: optional(input.skip, 0, (value) => integerIn(value, 'skip', 0, Number.MAX_SAFE_INTEGER)),
    count: optional(input.count, undefined, (value) => integerIn(value, 'count', 1, Number.MAX_SAFE_INTEGER)),
  };
}

function parseMatch(input: Record<string, unknown>): FaultMatch {
  onlyKeys(input, ['method', 'path', 'operation'], 'match');
  return {
    ...(input.method === undefined ? {} : { method: text(input.method, 'match.method') }),
    ...(input.path === undefined ? {} : { path: pattern(input.path) }),
    ...(input.operation === undefined ? {} : { operation: text(input.operation, 'match.operation') }),
  };
}

function parseAction(input: Record<string, unknown>): FaultAction {
  switch (input.kind) {
    case 'error':
      onlyKeys(input, ['kind', 'when', 'status', 'code', 'retryAfterS'], 'action');
      return {
        kind: 'error',
        when: whenOf(input.when ?? 'before'),
        status: integerIn(input.status, 'action.status', 400, 599),
        ...(input.code === undefined ? {} : { code: text(input.code, 'action.code') }),
        ...(input.retryAfterS === undefined
          ? {}
          : { retryAfterS: integerIn(input.retryAfterS, 'action.retryAfterS', 0, 86_400) }),
      };
    case 'drop':
    case 'hold':
      onlyKeys(input, ['kind', 'when'], 'action');
      return { kind: input.kind, when: whenOf(input.when) };
    case 'delay':
      onlyKeys(input, ['kind', 'when', 'delayMs'], 'action');
      return {
        kind: 'delay',
        when: whenOf(input.when ?? 'before'),
        delayMs: integerIn(input.delayMs, 'action.delayMs', 0, DELAY_MS_MAX),
      };
    case 'distort-copy':
      return parseDistortion(input);
    case 'stuck-run':
    case 'detach':
    case 'refuse':
      onlyKeys(input, ['kind'], 'action');
      return { kind: input.kind };
    case 'listing-lag':
      onlyKeys(input, ['kind', 'lagMs'], 'action');
      return { kind: 'listing-lag', lagMs: integerIn(input.lagMs, 'action.lagMs', 1, LAG_MS_MAX) };
    default:
      throw new Refused(`action.kind must be one of ${KINDS.join(', ')}`);
  }
}

function parseDistortion(input: Record<string, unknown>): FaultAction {
  if (input.what === 'zero-rows') {
    onlyKeys(input, ['kind', 'what'], 'action');
    return { kind: 'distort-copy', what: 'zero-rows' };
  }
  if (input.what !== 'partial') throw new Refused("action.what must be 'zero-rows' or 'partial'");
  onlyKeys(input, ['kind', 'what', 'fileCount'], 'action');
  const fileCount = optional(input.fileCount, undefined, (value) =>
    integerIn(value, 'action.fileCount', 0, FILES_MAX),
  );
  return { kind: 'distort-copy', what: 'partial', fileCount };
}

function whenOf(value: unknown): FaultWhen {
  if (value !== 'before' && value !== 'after') throw new Refused("action.when must be 'before' or 'after'");
  return value;
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refused(`${name} must be an object`);
  return value as Record<string, unknown>;
}

// A misspelt key would otherwise make a fault that matches everything.
function onlyKeys(input: Record<string, unknown>, keys: readonly string[], name: string): void {
  const unknown = Object.keys(input).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Refused(`${name} has the unknown key ${unknown}`);
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length === 0)
    throw new Refused(`${name} must be a non-empty string`);
  return value;
}

function pattern(value: unknown): RegExp {
  const source = text(value, 'match.path');
  if (source.length > PATTERN_CHARS_MAX)
    throw new Refused(`match.path is longer than ${PATTERN_CHARS_MAX} characters`);
  try {
    return new RegExp(source);
  } catch {
    throw new Refused('match.path is not a regular expression');
  }
}

function numberIn(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new Refused(`${name} must be a number between ${min} and ${max}`);
  }
  return value;
}

function integerIn(value: unknown, name: string, min: number, max: number): number {
  const number = numberIn(value, name, min, max);
  if (!Number.isInteger(number)) throw new Refused(`${name} must be a whole number`);
  return number;
}

function optional<T, D>(value: unknown, fallback: D, parse: (value: unknown) => T): T | D {
  return value === undefined ? fallback : parse(value);
}
