const CELL_WIDTH_MAX = 60;

/** Columns under each other; numbers to the right. Control and bidi characters in data cannot disturb the terminal. */
export function formatTable(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const body = rows.map((row) => header.map((_, index) => cell(row[index])));
  const numeric = header.map((_, index) => rows.length > 0 && rows.every((row) => isNumber(row[index])));
  const widths = header.map((name, index) =>
    Math.max(name.length, ...body.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) =>
        numeric[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...body.map(line)].join('\n');
}

function cell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '·');
  return plain.length > CELL_WIDTH_MAX ? `${plain.slice(0, CELL_WIDTH_MAX - 1)}…` : plain;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}
