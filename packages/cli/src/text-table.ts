import { plainText } from './plain-text.ts';

const CELL_WIDTH_MAX = 60;

export interface TableOptions {
  /** Columns that people copy from: never cut. */
  readonly whole?: readonly string[];
}

/** Columns under each other; numbers to the right. Control and bidi characters in data cannot disturb the terminal. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
  options: TableOptions = {},
): string {
  const names = header.map(plainText);
  const body = rows.map((row) =>
    header.map((name, index) => cell(row[index], options.whole?.includes(name) ?? false)),
  );
  const numeric = header.map((_, index) => rows.length > 0 && rows.every((row) => isNumber(row[index])));
  const widths = names.map((name, index) =>
    Math.max(name.length, ...body.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) =>
        numeric[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(names), line(widths.map((width) => '─'.repeat(width))), ...body.map(line)].join('\n');
}

function cell(value: unknown, whole: boolean): string {
  const plain = plainText(textOf(value));
  if (whole || plain.length <= CELL_WIDTH_MAX) return plain;
  // The cut may fall into a pair of surrogates.
  return `${plain.slice(0, CELL_WIDTH_MAX - 1).toWellFormed()}…`;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Nulls are blanks in a column of numbers. */
function isNumber(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}
