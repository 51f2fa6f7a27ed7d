import { unreachable } from '@lakewarden/contracts';
import { type Dialect, quoteText, sqlType } from './dialect.ts';
import { emitUtcDay } from './emit-cast.ts';
import type { Call } from './tree.ts';

const SMALL = 'abcdefghijklmnopqrstuvwxyz';
const CAPITAL = SMALL.toUpperCase();

/** SQL of a function of the subset. Where engines differ, the form here is the one that does what `SCALAR_FUNCTIONS` says. */
export function emitCall(call: Call, args: readonly string[], dialect: Dialect): string {
  const [first = '', second = ''] = args;
  const type = sqlType(call.type, dialect);
  switch (call.function) {
    case 'coalesce':
    case 'nullif':
    case 'least':
    case 'greatest':
    case 'contains':
      return `${call.function}(${args.join(', ')})`;
    case 'abs':
      return `CAST(abs(${first}) AS ${type})`;
    case 'round':
      // Casts between decimals round half away from zero on both engines; `round` of DuckDB has another type.
      return `CAST(${first} AS ${type})`;
    case 'upper':
      return `translate(${first}, '${SMALL}', '${CAPITAL}')`;
    case 'lower':
      return `translate(${first}, '${CAPITAL}', '${SMALL}')`;
    case 'trim':
      return emitTrim(first, dialect);
    case 'substr':
      return emitSubstr(call, first, dialect);
    case 'length':
      return dialect === 'duckdb' ? `length(${first})` : `CAST(length(${first}) AS ${type})`;
    case 'starts_with':
      return `${dialect === 'duckdb' ? 'starts_with' : 'startswith'}(${first}, ${second})`;
    case 'ends_with':
      return `${dialect === 'duckdb' ? 'suffix' : 'endswith'}(${first}, ${second})`;
    case 'concat':
      // DuckDB gives `||` with a constant null no type at all.
      return `CAST((${args.join(' || ')}) AS ${type})`;
    case 'to_date':
      return emitUtcDay(first, dialect);
    case 'to_month':
      return emitMonth(call, first, dialect);
    default:
      return unreachable(call.function);
  }
}

/** White space of ASCII, each by its code: text literals escape differently. */
function emitTrim(text: string, dialect: Dialect): string {
  const characters = [32, 9, 10, 11, 12, 13].map((code) => `chr(${code})`).join(' || ');
  switch (dialect) {
    case 'duckdb':
      return `trim(${text}, ${characters})`;
    case 'spark':
      return `trim(BOTH (${characters}) FROM ${text})`;
    default:
      return unreachable(dialect);
  }
}

function emitSubstr(call: Call, text: string, dialect: Dialect): string {
  const numbers = call.args.slice(1).map((arg) => (arg.kind === 'literal' ? String(arg.value) : ''));
  return `${dialect === 'duckdb' ? 'substr' : 'substring'}(${[text, ...numbers].join(', ')})`;
}

function emitMonth(call: Call, operand: string, dialect: Dialect): string {
  switch (dialect) {
    case 'duckdb':
      return call.args[0]?.type === 'timestamp'
        ? `strftime(make_timestamp(epoch_us(${operand})), '%Y-%m')`
        : `strftime(${operand}, '%Y-%m')`;
    case 'spark':
      return `date_format(${operand}, ${quoteText('yyyy-MM', dialect)})`;
    default:
      return unreachable(dialect);
  }
}
