import { visibleText } from './visible-text.ts';

const CELL_CHARS_MAX = 60;
const COLUMNS_MAX = 200;

/** Rows as a table of text: columns as wide as their widest cell, numbers to the right, cells cut. */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
  cellCharsMax: number = CELL_CHARS_MAX,
): readonly string[] {
  const names = header.slice(0, COLUMNS_MAX).map((name) => visibleText(name, cellCharsMax));
  const cells = rows.map((row) => names.map((_, column) => cellText(row[column], cellCharsMax)));
  const widths = names.map((name, column) =>
    cells.reduce((width, row) => Math.max(width, lengthOf(row[column] ?? '')), lengthOf(name)),
  );
  const isNumber = names.map((_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column])));
  const line = (of: readonly string[]) =>
    of
      .map((cell, column) => pad(cell, widths[column] ?? 0, isNumber[column] === true))
      .join('  ')
      .trimEnd();
  const left = header.length - names.length;
  return [
    line(names),
    line(widths.map((width) => '─'.repeat(width))),
    ...cells.map(line),
    ...(left > 0 ? [`and ${left} columns more`] : []),
  ];
}

function cellText(value: unknown, charsMax: number): string {
  if (value === null || value === undefined) return '∅';
  const text = typeof value === 'object' ? jsonText(value, charsMax) : String(value);
  return visibleText(text, charsMax);
}

/** Objects of rows are small, and what is cut away need not be right. */
function jsonText(value: object, charsMax: number): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string' && part.length > charsMax ? part.slice(0, charsMax) : part,
  );
}

function isNumeric(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return (
    typeof value === 'number' ||
    (typeof value === 'string' && /^-?[0-9]{1,40}(?:\.[0-9]{1,40})?$/.test(value))
  );
}

function pad(cell: string, width: number, isRight: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - lengthOf(cell)));
  return isRight ? `${blanks}${cell}` : `${cell}${blanks}`;
}

/** In characters, not in halves of them. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
