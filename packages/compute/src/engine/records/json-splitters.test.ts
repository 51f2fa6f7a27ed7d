import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_BYTES_MAX } from './raw-record.ts';
import { createRecordSplitter } from './record-splitter.ts';

function split(kind: 'json-array' | 'json-lines', text: string, pieceBytes = 1_000_000) {
  const bytes = Buffer.from(text);
  const records: { row: number; body: string }[] = [];
  const splitter = createRecordSplitter({ kind }, 'a.json', ({ row, body }) =>
    records.push({ row, body: Buffer.from(body).toString('utf8') }),
  );
  for (let at = 0; at < bytes.length; at += pieceBytes) splitter.push(bytes.subarray(at, at + pieceBytes));
  splitter.end();
  return records;
}

describe('splitting a JSON array into records', () => {
  it('cuts between elements and keeps the spelling of numbers', () => {
    const text = '\uFEFF [ {"a":1.50, "b":[1,{"c":"],{"}]} ,\n{"a":12345678901234567890} ] \n';
    expect(split('json-array', text)).toEqual([
      { row: 1, body: '{"a":1.50, "b":[1,{"c":"],{"}]}' },
      { row: 2, body: '{"a":12345678901234567890}' },
    ]);
  });

  it('finds no record in an empty array or an empty file', () => {
    expect(split('json-array', ' [ ] ')).toEqual([]);
    expect(split('json-array', ' \n')).toEqual([]);
  });

  it('lets a broken element harm only itself', () => {
    expect(split('json-array', '[{"a":1},{"a":},{"a":2}]').map((record) => record.body)).toEqual([
      '{"a":1}',
      '{"a":}',
      '{"a":2}',
    ]);
  });

  it('lands what is no array as one raw record that is no JSON object', () => {
    const [record, ...others] = split('json-array', '{"a":1}');
    expect(others).toEqual([]);
    expect(JSON.parse(record?.body ?? '')).toBe('{"a":1}');
  });

  it('tells of an array that is cut off, even between two elements', () => {
    expect(split('json-array', '[{"a":1},')).toEqual([
      { row: 1, body: '{"a":1}' },
      { row: 2, body: '' },
    ]);
    expect(split('json-array', '[{"a":1},{"a"')).toEqual([
      { row: 1, body: '{"a":1}' },
      { row: 2, body: '"{\\"a\\""' },
    ]);
  });

  it('lands text after the array raw', () => {
    expect(split('json-array', '[{"a":1}] oops')).toEqual([
      { row: 1, body: '{"a":1}' },
      { row: 2, body: ' oops' },
    ]);
  });

  it('cuts what is too long for a record into pieces', () => {
    const records = split('json-array', `["${'x'.repeat(RECORD_BYTES_MAX + 10)}"]`);
    expect(records.length).toBeGreaterThan(16);
    expect(records.reduce((sum, record) => sum + record.body.length, 0)).toBe(RECORD_BYTES_MAX + 12);
  });

  it('gives back any array of any values, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        (values, pieceBytes) => {
          const records = split('json-array', JSON.stringify(values), pieceBytes);
          expect(records.map(({ body }) => JSON.parse(body))).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
    );
  });
});

describe('splitting JSON lines into records', () => {
  it('takes each line as it stands, with its number', () => {
    expect(split('json-lines', '\uFEFF{"a":1.0}\r\n\n  \n{"a":\n{"a":2}')).toEqual([
      { row: 1, body: '{"a":1.0}' },
      { row: 4, body: '{"a":' },
      { row: 5, body: '{"a":2}' },
    ]);
  });

  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', '\r', 'é', ' ', '{') });
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 5 }), (lines, pieceBytes) => {
        const text = lines.join('\n');
        expect(split('json-lines', text, pieceBytes)).toEqual(split('json-lines', text));
      }),
    );
  });
});
