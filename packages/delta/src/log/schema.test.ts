import type { Column } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { formatSchema, parseSchema } from './schema.ts';

const columns: Column[] = [
  { name: 'invoice', type: 'string' },
  { name: 'seq', type: 'long' },
  { name: 'qty', type: 'integer' },
  { name: 'ratio', type: 'double' },
  { name: 'ok', type: 'boolean' },
  { name: 'body', type: 'binary' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
  { name: 'price', type: 'decimal(38,18)' },
];

describe('the schema of a table', () => {
  it('reads back as it was written', () => {
    expect(parseSchema(formatSchema(columns))).toEqual(columns);
  });

  it("is Spark's JSON, every field nullable", () => {
    expect(JSON.parse(formatSchema([{ name: 'price', type: 'decimal(18,3)' }]))).toEqual({
      type: 'struct',
      fields: [{ name: 'price', type: 'decimal(18,3)', nullable: true, metadata: {} }],
    });
  });

  it.each([
    ['an array', { type: 'array', elementType: 'long', containsNull: true }],
    ['a timestamp without a zone', 'timestamp_ntz'],
    ['a decimal wider than 38', 'decimal(39,0)'],
    ['a decimal with more scale than precision', 'decimal(2,3)'],
    ['a short', 'short'],
  ])('refuses %s, naming the column', (_what, type) => {
    const schema = JSON.stringify({
      type: 'struct',
      fields: [{ name: 'odd', type, nullable: true, metadata: {} }],
    });
    expect(() => parseSchema(schema)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(() => parseSchema(schema)).toThrow(/odd/);
  });

  it.each(['', '[]', '{"type":"array"}', '{"type":"struct","fields":[{}]}'])(
    'refuses %j as corrupt',
    (text) => {
      expect(() => parseSchema(text)).toThrow(expect.objectContaining({ code: 'corrupt' }));
    },
  );

  it('is not made of names that Spark refuses or that differ only by case', () => {
    expect(() => formatSchema([{ name: 'unit price', type: 'long' }])).toThrow(/unit price/);
    expect(() =>
      formatSchema([
        { name: 'Price', type: 'long' },
        { name: 'price', type: 'long' },
      ]),
    ).toThrow(/twice/);
  });
});
