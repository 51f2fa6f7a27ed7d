import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordSplitter } from './record-splitter.ts';

const CSV = { kind: 'csv', delimiter: ',' } as const;
type Format = Parameters<typeof createRecordSplitter>[0];

function split(text: string | Uint8Array, format: Format = CSV, pieceBytes = 1_000_000) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const records: { row: number; body: string }[] = [];
  const splitter = createRecordSplitter(format, 'a.csv', ({ row, body }) =>
    records.push({ row, body: Buffer.from(body).toString('utf8') }),
  );
  for (let at = 0; at < bytes.length; at += pieceBytes) splitter.push(bytes.subarray(at, at + pieceBytes));
  splitter.end();
  return records;
}

describe('splitting CSV into records', () => {
  it('makes each record a JSON object of texts as spelled, with the line it starts on', () => {
    expect(split('a,b\n1.50,x\n2,\n')).toEqual([
      { row: 2, body: '{"a":"1.50","b":"x"}' },
      { row: 3, body: '{"a":"2","b":""}' },
    ]);
  });

  it('reads a BOM, CRLF, quoted delimiters, quotes and line ends', () => {
    const text = '\uFEFFa,b\r\n"x,""y""","two\r\nlines"\r\nlast,1';
    expect(split(text)).toEqual([
      { row: 2, body: '{"a":"x,\\"y\\"","b":"two\\r\\nlines"}' },
      { row: 4, body: '{"a":"last","b":"1"}' },
    ]);
  });

  it('takes a quote inside an unquoted field for a character', () => {
    expect(split('a,b\n5" pipe,1\n')).toEqual([{ row: 2, body: '{"a":"5\\" pipe","b":"1"}' }]);
  });

  it('uses the names of the pipeline file where there is no header', () => {
    const format = { kind: 'csv', delimiter: '\t', columns: ['id', 'name'] } as const;
    expect(split('1\tA\n\n2\tB\n', format)).toEqual([
      { row: 1, body: '{"id":"1","name":"A"}' },
      { row: 3, body: '{"id":"2","name":"B"}' },
    ]);
  });

  it('lands a record with another number of fields as its raw line and goes on', () => {
    expect(split('a,b\n1\n1,2,3\n1,2\n')).toEqual([
      { row: 2, body: '1' },
      { row: 3, body: '1,2,3' },
      { row: 4, body: '{"a":"1","b":"2"}' },
    ]);
  });

  it('lands text after a closing quote raw and goes on with the next line', () => {
    expect(split('a,b\n"x"y,2\n1,2\n')).toEqual([
      { row: 2, body: '"x"y,2' },
      { row: 3, body: '{"a":"1","b":"2"}' },
    ]);
  });

  it('does not let a quote without end swallow the file', () => {
    expect(split('a,b\n"open,2\n1,2\n3,4')).toEqual([
      { row: 2, body: '"open,2' },
      { row: 3, body: '{"a":"1","b":"2"}' },
      { row: 4, body: '{"a":"3","b":"4"}' },
    ]);
  });

  it('lands a line that is not UTF-8 as its bytes', () => {
    const records: Uint8Array[] = [];
    const splitter = createRecordSplitter(CSV, 'a.csv', ({ body }) => records.push(body));
    splitter.push(Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xff]), Buffer.from('\n')]));
    splitter.end();
    expect(records).toEqual([Buffer.from([0x31, 0x2c, 0xff])]);
  });

  it('never lets a broken line pass as a JSON object', () => {
    const [record] = split('a,b,c\n{"a":1}\n');
    expect(JSON.parse(record?.body ?? '')).toBe('{"a":1}');
  });

  it('names file, line and remedy when a header cannot name columns', () => {
    expect(() => split('a,a\n1,2\n')).toThrow(/a\.csv:1 names the column "a" twice · name the columns/);
  });

  it('gives the same records however the bytes are cut', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', ' ') });
    const quoted = field.map((text) => `"${text.replaceAll('"', '""')}"`);
    const line = fc.array(fc.oneof(quoted, field), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (lines, pieceBytes) => {
        const text = `h1,h2\n${lines.map((fields) => fields.join(',')).join('\n')}`;
        expect(split(text, CSV, pieceBytes)).toEqual(split(text));
      }),
    );
  });

  it('reads back what a correct writer wrote', () => {
    const row = fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ['a,b', ...rows.map((fields) => fields.map(quote).join(','))].join('\r\n');
        expect(split(text).map(({ body }) => JSON.parse(body))).toEqual(rows.map(([a, b]) => ({ a, b })));
      }),
    );
  });
});
