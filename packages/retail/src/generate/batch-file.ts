import { type Expectation, NOTHING_EXPECTED } from './planted-event.ts';

/** A file that a Data Factory run copies, and what must become of its rows. */
export interface BatchFile {
  readonly dataset: string;
  /** Below the folder of the sources. */
  readonly path: string;
  readonly text: string;
  readonly expected: Expectation;
}

export interface Planted {
  /** Rows that come once more, exactly. */
  readonly repeated?: readonly (readonly string[])[];
  /** Rows with a hole where a value is required. */
  readonly holed?: readonly (readonly string[])[];
}

/** A line that is not of the file's columns. */
const CUT_OFF_LINE = 'cut off';

/** A delimited file; the clean rows first, then those that were planted; one line is broken. Values hold neither delimiters nor quotes. */
export function batchFile(options: {
  readonly dataset: string;
  readonly path: string;
  readonly delimiter: string;
  readonly header?: string;
  readonly rows: readonly (readonly string[])[];
  readonly planted?: Planted;
}): BatchFile {
  const { repeated = [], holed = [] } = options.planted ?? {};
  const whole = [...options.rows, ...repeated, ...holed].map((row) => row.join(options.delimiter));
  // In the middle: the rows behind a broken line must not suffer from it.
  const middle = Math.floor(whole.length / 2);
  const lines = [...whole.slice(0, middle), CUT_OFF_LINE, ...whole.slice(middle)];
  const text = [...(options.header === undefined ? [] : [options.header]), ...lines].join('\n');
  const expected = {
    ...NOTHING_EXPECTED,
    rows: lines.length,
    kept: options.rows.length,
    duplicates: repeated.length,
    quarantined: { ...NOTHING_EXPECTED.quarantined, missing: holed.length, unparseable: 1 },
  };
  return { dataset: options.dataset, path: options.path, text: `${text}\n`, expected };
}
