import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvReader, type CsvRecord, RECORD_LINES_MAX } from './csv-reader.ts';

function read(
  text: string | Buffer,
  options: { delimiter?: string; width?: number; chunkBytes?: number } = {},
) {
  const { delimiter = ',', chunkBytes = 7, ...rest } = options;
  const reader = new CsvReader({ delimiter, ...rest });
  const bytes = Buffer.from(text);
  const records: CsvRecord[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    records.push(...reader.push(bytes.subarray(at, at + chunkBytes)));
  }
  return { records: [...records, ...reader.end()], blankLines: reader.blankLines };
}

const fieldsOf = (records: readonly CsvRecord[]) =>
  records.map((record) => (record.kind === 'row' ? record.fields : `${record.line}: ${record.reason}`));

describe('CsvReader', () => {
  test('reads rows with LF or CRLF and a last line without line break', () => {
    expect(fieldsOf(read('a,b\r\n1,2\n3,4').records)).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('reads quoted delimiters, quotes and line breaks, and leaves a quote inside a field alone', () => {
    expect(fieldsOf(read('a,b\n"x, ""y""","line\nbreak"\n12" RULER,"",\n').records)).toEqual([
      ['a', 'b'],
      ['x, "y"', 'line\nbreak'],
      '4: expected 2 fields, found 3',
    ]);
    expect(fieldsOf(read('a,b\n12" RULER,""\n').records)).toEqual([
      ['a', 'b'],
      ['12" RULER', ''],
    ]);
  });

  test('calls a line with too few or too many fields broken and keeps its bytes', () => {
    const { records } = read('a,b\n1\n1,2\n1,2,3\n');
    expect(records.map((record) => record.kind)).toEqual(['row', 'broken', 'row', 'broken']);
    expect(records[3]).toEqual({
      kind: 'broken',
      line: 4,
      raw: Buffer.from('1,2,3'),
      reason: 'expected 2 fields, found 3',
    });
  });

  test('loses only one line to a quote that never closes', () => {
    expect(fieldsOf(read('a,b\n"x,1\ny,2\n"z",3\nw,4\n').records)).toEqual([
      ['a', 'b'],
      '2: a quote is opened and never closed',
      ['y', '2'],
      ['z', '3'],
      ['w', '4'],
    ]);
    const many = Array.from({ length: RECORD_LINES_MAX * 3 }, (_, row) => `r${row},${row}`);
    const { records } = read(`a,b\n"x,1\n${many.join('\n')}\n`, { chunkBytes: 64 });
    expect(records.filter((record) => record.kind === 'broken').map((record) => record.line)).toEqual([2]);
    expect(records.length).toBe(many.length + 2);
  });

  test('keeps a line that is not UTF-8 as bytes and reads its neighbours', () => {
    const bytes = Buffer.concat([
      Buffer.from('a,b\n'),
      Buffer.from([0xa3, 0x2c, 0x31, 0x0a]),
      Buffer.from('é,2\n'),
    ]);
    const { records } = read(bytes);
    expect(fieldsOf(records)).toEqual([['a', 'b'], '2: the line is not UTF-8 text', ['é', '2']]);
    expect(records[1]).toMatchObject({ raw: Buffer.from([0xa3, 0x2c, 0x31]) });
  });

  test('passes over a byte order mark and counts blank lines', () => {
    const { records, blankLines } = read('\uFEFFa;b\n\n1;2\r\n\r\n', { delimiter: ';' });
    expect(fieldsOf(records)).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(blankLines).toBe(2);
  });

  test('reads back whatever was written by the rules, however it is cut into chunks', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', 'é', ' ') });
    const rows = fc.array(fc.tuple(field, field, field), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 50 }), (table, chunkBytes) => {
        const text = table
          .map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(','))
          .join('\n');
        expect(fieldsOf(read(text, { width: 3, chunkBytes }).records)).toEqual(table);
      }),
    );
  });
});
