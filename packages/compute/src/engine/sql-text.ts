import { quoteName, quoteText } from '../sql/dialect.ts';

/** Names and texts in DuckDB's spelling. */
export const name = (text: string): string => quoteName(text, 'duckdb');
export const text = (value: string): string => quoteText(value, 'duckdb');

export function textList(values: readonly string[]): string {
  return `[${values.map(text).join(', ')}]`;
}

/** RFC 6901, as an SQL literal: unlike `$.a`, any name can be spelled. */
export function jsonPointer(path: readonly string[]): string {
  return text(path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));
}
