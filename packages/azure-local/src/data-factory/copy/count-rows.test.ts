import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ActivityFailure } from './copy-error.ts';
import { createDelimitedTextCounter, createJsonCounter, type RowCounter } from './count-rows.ts';

const csv = (firstRowAsHeader: boolean, escapeChar = '"') =>
  createDelimitedTextCounter({
    quote: 34,
    escape: escapeChar.charCodeAt(0),
    columnDelimiter: 44,
    firstRowAsHeader,
  });

function count(counter: RowCounter, text: string, chunkBytes = 3): number {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) counter.push(bytes.subarray(at, at + chunkBytes));
  return counter.end();
}

test.each([
  ['', 0],
  ['a,b\n', 0],
  ['a,b\n1,2', 1],
  ['a,b\r\n1,2\r\n3,4\r\n', 2],
  ['a,b\r1,2\r', 1],
  ['a,b\n\n1,2\n\n', 1],
  ['a,b\n"x\ny",2\n', 1],
  ['a,b\n"say ""hi\n"" now",2\n3,4\n', 2],
  ['a,b\n"",""\n', 1],
  ['a,b\nit"s,2\nx"y,3\n', 2],
  ['\ufeff"a\nb",c\n1,2\n', 1],
])('CSV %j has %i rows below its header', (text, rows) => {
  expect(count(csv(true), text)).toBe(rows);
});

test('without a header the first line counts, and a backslash may be the escape', () => {
  expect(count(csv(false), '1,2\n3,4\n')).toBe(2);
  expect(count(csv(false, '\\'), '"a \\" b\nc",2\n3,4\n')).toBe(2);
  expect(count(csv(false, '\\'), '"a ""b\nc""",2\n3,4\n')).toBe(2);
});

test('the rows of a CSV written by the rules are counted whatever the fields hold and wherever chunks break', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', ' ') });
  const row = fc.tuple(field, field);
  fc.assert(
    fc.property(fc.array(row), fc.integer({ min: 1, max: 7 }), (rows, chunkBytes) => {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const text = rows.map((fields) => `${fields.map(quoted).join(',')}\r\n`).join('');
      expect(count(csv(false), text, chunkBytes)).toBe(rows.length);
    }),
  );
});

test.each([
  ['', 0],
  ['[]', 0],
  ['[ ]\n', 0],
  ['[{"a":1},{"a":[1,2,{"b":"]"}]}]', 2],
  ['{"a":1}\n{"a":2}\n', 2],
  ['{"a":1}{"a":2}', 2],
  ['{"a":"\\"}{"}', 1],
  ['[1, 2, 3]', 3],
  ['["x","y,z"]', 2],
  ['\ufeff{"a":{"b":{}}}', 1],
  ['[[1,2],[3]]', 2],
  ['null', 1],
])('JSON %j has %i rows', (text, rows) => {
  expect(count(createJsonCounter(), text, 2)).toBe(rows);
});

test('the rows of any JSON are its elements, or its lines', () => {
  fc.assert(
    fc.property(fc.array(fc.object()), fc.integer({ min: 1, max: 7 }), (rows, chunkBytes) => {
      expect(count(createJsonCounter(), JSON.stringify(rows, null, 1), chunkBytes)).toBe(rows.length);
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      expect(count(createJsonCounter(), lines, chunkBytes)).toBe(rows.length);
    }),
  );
});

test.each(['[{"a":1}', '{"a":"x', '{}}', '"'])('the broken JSON %j fails', (text) => {
  expect(() => count(createJsonCounter(), text)).toThrow(ActivityFailure);
});
