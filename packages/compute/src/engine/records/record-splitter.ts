import type { RecordFormat } from '../../pipeline/model.ts';
import { CsvSplitter } from './csv-splitter.ts';
import { JsonArraySplitter } from './json-array-splitter.ts';
import { LineSplitter } from './line-splitter.ts';
import type { RawRecord, RecordSplitter } from './raw-record.ts';

/** Errors: `TerminalError('invalid')` when a CSV header cannot name columns; it names file, line and remedy. */
export function createRecordSplitter(
  format: RecordFormat,
  file: string,
  emit: (record: RawRecord) => void,
): RecordSplitter {
  switch (format.kind) {
    case 'json-lines':
      return new LineSplitter(emit);
    case 'json-array':
      return new JsonArraySplitter(emit);
    case 'csv':
      return new CsvSplitter(format, file, emit);
  }
}
