import { plainText } from './plain-text.ts';

const CELL_WIDTH_MAX = 60;
/** No column is cut below this to make a table fit. */
const CELL_WIDTH_MIN = 8;
const GAP = 2;

export interface TableOptions {
  /** Columns that people copy from: never cut. */
  readonly whole?: readonly string[];
  /** Of the terminal; undefined: as wide as it comes. */
  readonly width?: number | undefined;
}

/**
 * Columns under each other; numbers to the right. Control and bidi characters in data cannot disturb the terminal. Where
 * it would be wider than the terminal, empty columns go, then texts are cut, then the lines themselves.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
  { whole = [], width }: TableOptions = {},
): string {
  const all = header.map((name, index) => columnOf(name, index, rows, whole.includes(name)));
  const columns = fits(all, width) ? all : all.filter(({ isEmpty }) => !isEmpty);
  const widths = fit(columns, width);
  const line = (cellOf: (column: Column, width: number) => string) => {
    const cells = columns.map((column, index) => {
      const cell = cut(cellOf(column, widths[index] ?? 0), widths[index] ?? 0);
      return column.isNumeric ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
    });
    return cut(cells.join(' '.repeat(GAP)).trimEnd(), width ?? Number.POSITIVE_INFINITY);
  };
  return [
    line(({ name }) => name),
    line((_, wide) => '─'.repeat(wide)),
    ...rows.map((_, row) => line(({ cells }) => cells[row] ?? '')),
  ].join('\n');
}

interface Column {
  readonly name: string;
  readonly cells: readonly string[];
  readonly width: number;
  readonly isNumeric: boolean;
  readonly isEmpty: boolean;
  readonly mayBeCut: boolean;
}

function columnOf(
  header: string,
  index: number,
  rows: readonly (readonly unknown[])[],
  isWhole: boolean,
): Column {
  const name = plainText(header);
  const values = rows.map((row) => row[index]);
  const texts = values.map((value) => plainText(textOf(value)));
  const cells = isWhole ? texts : texts.map((text) => cut(text, CELL_WIDTH_MAX));
  const isNumeric = values.some(isNumber) && values.every((value) => isNumber(value) || isBlank(value));
  return {
    name,
    cells,
    width: cells.reduce((widest, cell) => Math.max(widest, cell.length), name.length),
    isNumeric,
    isEmpty: rows.length > 0 && cells.every((cell) => cell === ''),
    mayBeCut: !isWhole && !isNumeric,
  };
}

function excess(widths: readonly number[], width: number): number {
  return widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1)) - width;
}

function fits(columns: readonly Column[], width: number | undefined): boolean {
  return (
    width === undefined ||
    excess(
      columns.map((column) => column.width),
      width,
    ) <= 0
  );
}

/** Takes from the widest column first; what cannot be cut is left too wide. */
function fit(columns: readonly Column[], width: number | undefined): readonly number[] {
  const widths = columns.map((column) => column.width);
  if (width === undefined) return widths;
  for (let over = excess(widths, width); over > 0; ) {
    const open = widths.map((each, index) => (columns[index]?.mayBeCut && each > CELL_WIDTH_MIN ? each : 0));
    const widest = Math.max(...open);
    if (widest === 0) break;
    const second = Math.max(CELL_WIDTH_MIN, ...open.filter((each) => each < widest));
    const less = Math.min(over, widest - second);
    widths[open.indexOf(widest)] = widest - less;
    over -= less;
  }
  return widths;
}

function cut(plain: string, width: number): string {
  if (plain.length <= width) return plain;
  // The cut may fall into a pair of surrogates.
  return `${plain.slice(0, width - 1).toWellFormed()}…`;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

/** Thousands may be set apart. */
function isNumber(value: unknown): boolean {
  return (
    typeof value === 'number' ||
    (typeof value === 'string' && /^-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/.test(value))
  );
}
