/** What each operation of a plan computes from its arguments' values. Null in, null out, unless said otherwise. */
import { spend, type Work } from './budget.ts';
import type { Expression, Row, ScalarType, Value } from './plan.ts';
import { DATETIME_MS_MAX, DATETIME_MS_MIN, textOf } from './values.ts';

/** A value that we could not compute exactly, or that Kusto does not have; the query fails rather than lie. */
export class Incomputable extends Error {}

export type Compiled = (row: Row) => Value;
type Call = Extract<Expression, { kind: 'call' }>;

export function compile(expression: Expression, work: Work): Compiled {
  switch (expression.kind) {
    case 'column': {
      const { index } = expression;
      return (row) => row[index] ?? null;
    }
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'call':
      return compileCall(expression, work);
  }
}

/** What evaluating it once costs, in nodes. */
export function costOf(expression: Expression): number {
  return expression.kind === 'call' ? expression.args.reduce((sum, arg) => sum + costOf(arg), 1) : 1;
}

function compileCall(call: Call, work: Work): Compiled {
  const args = call.args.map((arg) => compile(arg, work));
  const types = call.args.map(({ type }) => type);
  const [first = nothing, second = nothing, third = nothing] = args;
  switch (call.operation) {
    case 'and':
      return (row) => both(first(row), () => second(row));
    case 'or':
      return (row) => either(first(row), () => second(row));
    case 'iff':
      return (row) => (first(row) === true ? second(row) : third(row));
    case 'now':
      return (row) => datetime(work.nowMs + (args.length === 0 ? 0 : number(first(row))));
    case 'isnull':
      return (row) => first(row) === null;
    case 'isnotnull':
      return (row) => first(row) !== null;
    case 'isempty':
      return (row) => isEmpty(first(row));
    case 'isnotempty':
      return (row) => !isEmpty(first(row));
    case 'equal':
      return (row) => equal(first(row), second(row));
    case 'in':
    case 'in_ci': {
      const fold = call.operation === 'in_ci' ? lower : (value: Value) => value;
      return (row) => {
        const wanted = fold(first(row));
        return wanted !== null && args.slice(1).some((each) => fold(each(row)) === wanted);
      };
    }
    case 'tostring':
      return (row) => textOf(first(row), types[0] ?? 'string');
    case 'strcat':
      return (row) => {
        const text = args.map((each, at) => textOf(each(row), types[at] ?? 'string')).join('');
        spend(work, 'characters', text.length);
        return text;
      };
    case 'bin':
      return strict(args, (value, size) => bin(value as number, size as number, call.type));
    case 'tolong':
    case 'toint':
      return strict(args, (value) => wholeOf(value, call.type));
    case 'todouble':
      return strict(args, realOf);
    case 'ago':
      return strict(args, (span) => datetime(work.nowMs - number(span)));
    default:
      return strict(args, simpleOperation(call, types));
  }
}

const nothing: Compiled = () => null;

/** Null as soon as one argument is. */
function strict(args: readonly Compiled[], compute: (left: Value, right: Value) => Value): Compiled {
  const [first = nothing, second] = args;
  if (second === undefined) {
    return (row) => {
      const value = first(row);
      return value === null ? null : compute(value, null);
    };
  }
  return (row) => {
    const left = first(row);
    const right = second(row);
    return left === null || right === null ? null : compute(left, right);
  };
}

function simpleOperation(call: Call, types: readonly ScalarType[]): (left: Value, right: Value) => Value {
  switch (call.operation) {
    case 'not':
      return (value) => value !== true;
    case 'tolower':
      return lower;
    case 'negate':
      return (value) => -number(value);
    case 'less':
      return (left, right) => number(left) < number(right);
    case 'less_or_equal':
      return (left, right) => number(left) <= number(right);
    case 'equal_ci':
      return (left, right) => lower(left) === lower(right);
    case 'has':
      return (left, right) => hasTerm(text(lower(left)), text(lower(right)));
    case 'has_cs':
      return (left, right) => hasTerm(text(left), text(right));
    case 'contains':
      return (left, right) => text(lower(left)).includes(text(lower(right)));
    case 'contains_cs':
      return (left, right) => text(left).includes(text(right));
    case 'startswith':
      return (left, right) => text(lower(left)).startsWith(text(lower(right)));
    case 'startswith_cs':
      return (left, right) => text(left).startsWith(text(right));
    case 'endswith':
      return (left, right) => text(lower(left)).endsWith(text(lower(right)));
    case 'endswith_cs':
      return (left, right) => text(left).endsWith(text(right));
    default:
      return arithmetic(call, types);
  }
}

function arithmetic({ operation, type }: Call, types: readonly ScalarType[]) {
  const isWholeDivision = type === 'long' && types.every((each) => each !== 'real');
  const compute = (left: number, right: number): number | null => {
    switch (operation) {
      case 'add':
        return left + right;
      case 'subtract':
        return left - right;
      case 'multiply':
        return left * right;
      case 'divide':
        if (isWholeDivision) return right === 0 ? null : Math.trunc(left / right);
        return left / right;
      default:
        throw new Error(`no such operation: ${operation}`);
    }
  };
  return (left: Value, right: Value) => {
    const result = compute(number(left), number(right));
    return result === null ? null : checked(result, type);
  };
}

/** A number that its type can hold. Throws `Incomputable`. */
export function checked(value: number, type: ScalarType): number {
  switch (type) {
    case 'int':
    case 'long':
      if (!Number.isSafeInteger(value)) throw new Incomputable('a whole number is beyond 9007199254740991');
      return value === 0 ? 0 : value;
    case 'datetime':
      return datetime(value);
    case 'timespan':
      if (!Number.isFinite(value) || Math.abs(value) > 922_337_203_685_477)
        throw new Incomputable('a timespan is out of range');
      return value;
    default:
      return value;
  }
}

function datetime(timeMs: number): number {
  if (!(timeMs >= DATETIME_MS_MIN && timeMs <= DATETIME_MS_MAX))
    throw new Incomputable('a datetime is out of range');
  return timeMs;
}

/** Datetimes are counted from the year 1, so that a week begins on a Monday. */
function bin(value: number, size: number, type: ScalarType): Value {
  if (!(size > 0)) return null;
  const origin = type === 'datetime' ? DATETIME_MS_MIN : 0;
  return checked(Math.floor((value - origin) / size) * size + origin, type);
}

function wholeOf(value: Value, type: ScalarType): Value {
  const whole = wholeNumberOf(value);
  if (whole === null || !Number.isFinite(whole)) return null;
  if (type === 'int' && Math.abs(whole) > 2_147_483_647) return null;
  return checked(whole, type);
}

function wholeNumberOf(value: Value): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Math.trunc(value);
  const trimmed = text(value).trim();
  return /^[+-]?\d+$|^0x[0-9a-f]+$/i.test(trimmed) ? Number(trimmed) : null;
}

function realOf(value: Value): Value {
  if (typeof value !== 'string') return typeof value === 'boolean' ? Number(value) : value;
  const trimmed = value.trim();
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : null;
}

/** Null is equal to nothing, and to null it is unknown (Kusto, "Null values"). */
function equal(left: Value, right: Value): Value {
  if (left === null && right === null) return null;
  return left === right;
}

function both(left: Value, right: () => Value): Value {
  if (left === false) return false;
  const other = right();
  if (other === false) return false;
  return left === null || other === null ? null : true;
}

function either(left: Value, right: () => Value): Value {
  if (left === true) return true;
  const other = right();
  if (other === true) return true;
  return left === null || other === null ? null : false;
}

/** A term is bounded by what is neither letter nor digit; a side of `needle` that is no such character needs no bound. */
function hasTerm(haystack: string, needle: string): boolean {
  if (needle === '') return true;
  const opens = isWordCharacter(needle[0]);
  const closes = isWordCharacter(needle[needle.length - 1]);
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    const isOpen = !opens || at === 0 || !isWordCharacter(haystack[at - 1]);
    const end = at + needle.length;
    const isClosed = !closes || end === haystack.length || !isWordCharacter(haystack[end]);
    if (isOpen && isClosed) return true;
  }
  return false;
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character);
}

function isEmpty(value: Value): boolean {
  return value === null || value === '';
}

function lower(value: Value): Value {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function text(value: Value): string {
  return value as string;
}

function number(value: Value): number {
  return Number(value);
}
