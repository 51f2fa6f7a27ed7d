/** Literals, read from their text: the forms that we are sure of; dates and spans to the millisecond. */
import type { KustoNode } from './kusto-language.ts';
import type { Expression, ScalarType, Value } from './plan.ts';
import { excerpt, NotEmulated, typeOf } from './syntax-nodes.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  h: 3_600_000,
  hr: 3_600_000,
  hrs: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  ms: 1,
  milli: 1,
  millis: 1,
  millisecond: 1,
  milliseconds: 1,
};

export function translateLiteral(node: KustoNode, kind: string): Expression {
  const type = typeOf(node);
  if (kind === 'StringLiteralExpression') return literal('string', String(node.LiteralValue));
  const text = node.Token?.Text ?? '';
  const [, inside] = /^(?:int|long|real|double|bool|boolean|datetime|date|time|timespan)\((.*)\)$/is.exec(
    text,
  ) ?? ['', text];
  const content = (inside ?? '').trim();
  if (content.toLowerCase() === 'null' && content !== text) return literal(type, null);
  const value = literalValue(type, content);
  if (value === undefined) throw new NotEmulated(`the literal ${excerpt(node)}`);
  return literal(type, value);
}

function literal(type: ScalarType, value: Value): Expression {
  return { kind: 'literal', type, value };
}

function literalValue(type: ScalarType, text: string): Value | undefined {
  switch (type) {
    case 'int':
    case 'long': {
      const value = /^-?(?:\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
      return Number.isSafeInteger(value) ? value : undefined;
    }
    case 'real': {
      const value = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
      return Number.isFinite(value) ? value : undefined;
    }
    case 'bool':
      return { true: true, false: false }[text.toLowerCase()];
    case 'datetime':
      return datetimeOf(text);
    case 'timespan':
      return timespanOf(text);
    case 'string':
      return undefined;
  }
}

const DATETIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{3})\d*)?)?)?(Z|[+-]\d{2}:\d{2})?$/;

function datetimeOf(text: string): number | undefined {
  const [, day, minutes = '00:00', seconds = '00', millis = '000', zone = 'Z'] =
    DATETIME.exec(padFraction(text)) ?? [];
  if (day === undefined) return undefined;
  const timeMs = Date.parse(`${day}T${minutes}:${seconds}.${millis}${zone}`);
  const dayMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(timeMs) || Number.isNaN(dayMs)) return undefined;
  // `Date.parse` takes 2026-02-31 for the 3rd of March.
  return new Date(dayMs).toISOString().startsWith(day) ? timeMs : undefined;
}

/** `.5` is half a second; what is finer than a millisecond must be zero. */
function padFraction(text: string): string {
  return text.replace(/\.(\d{1,7})(?=Z|[+-]|$)/, (whole, digits: string) => {
    const padded = digits.padEnd(7, '0');
    return padded.endsWith('0000') ? `.${padded.slice(0, 3)}` : `${whole}?`;
  });
}

function timespanOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(-?\d+(?:\.\d+)?)([a-z]+)$/i.exec(text) ?? [];
  const unitMs = UNIT_MS[unit.toLowerCase()];
  if (amount !== undefined && unitMs !== undefined) return finite(Number(amount) * unitMs);
  const [, sign, days = '0', hours, minutes, seconds = '0', fraction = ''] =
    /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?$/.exec(text) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59)
    return undefined;
  const wholeS = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  const ms = wholeS * 1000 + Number(`0.${fraction === '' ? '0' : fraction}`) * 1000;
  return finite(sign === undefined ? ms : -ms);
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) && Math.abs(ms) < Number.MAX_SAFE_INTEGER ? ms : undefined;
}
