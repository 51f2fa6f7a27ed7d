import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tokenize } from './lexer.ts';
import { parseExpression } from './parser.ts';
import { printExpression } from './print.ts';
import { RESERVED_WORDS } from './reserved-words.ts';
import { type SyntaxExpression, SyntaxRefused } from './syntax.ts';

const word = fc
  .stringMatching(/^[a-z_][a-z0-9_]{0,6}$/)
  .filter((text) => !RESERVED_WORDS.has(text) && !['date', 'timestamp', 'interval', 'filter'].includes(text));
const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const at = { at: 0, depth: 0 };

const { node } = fc.letrec<{ node: SyntaxExpression }>((tie) => {
  const inner = tie('node');
  const list = fc.array(inner, { minLength: 1, maxLength: 3 });
  const negated = fc.boolean();
  const record = <T>(kind: string, fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
    fc.record(fields).map((values) => ({ kind, ...at, ...values }) as unknown as SyntaxExpression);
  const branch = fc.record({ when: inner, value: inner });
  return {
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      record('number', { text: fc.stringMatching(/^(\d{1,5}(\.\d{0,3})?|\.\d{1,3})$/) }),
      record('text', { value: text }),
      record('boolean', { value: fc.boolean() }),
      record('null', {}),
      record('temporal', { type: fc.constantFrom('date', 'timestamp'), value: text }),
      record('name', { qualifier: fc.option(word, { nil: undefined }), name: word }),
      record('negate', { operand: inner }),
      record('not', { operand: inner }),
      record('binary', {
        operator: fc.constantFrom('+', '-', '*', '/', '||', '=', '<>', '<', '<=', '>', '>='),
        left: inner,
        right: inner,
      }),
      record('logical', {
        operator: fc.constantFrom('and', 'or'),
        operands: fc.array(inner, { minLength: 2, maxLength: 4 }),
      }),
      record('is-null', { negated, operand: inner }),
      record('in', { negated, operand: inner, items: list }),
      record('between', { negated, operand: inner, low: inner, high: inner }),
      record('like', { negated, operand: inner, pattern: text }),
      record('case', {
        subject: fc.option(inner, { nil: undefined }),
        branches: fc.array(branch, { minLength: 1, maxLength: 3 }),
        otherwise: fc.option(inner, { nil: undefined }),
      }),
      record('cast', {
        operand: inner,
        type: fc.constantFrom('long', 'decimal(18,3)', 'string'),
        onFailure: fc.constantFrom('fail', 'null'),
      }),
      record('call', { name: word, star: fc.constant(false), distinct: fc.boolean(), args: list }),
    ),
  };
});

/** Places and heights are no part of what is meant. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, field]) => key !== 'at' && key !== 'depth' && field !== undefined,
  );
  return Object.fromEntries(entries.map(([key, field]) => [key, bare(field)]));
}

it('what is printed parses to the same tree', () => {
  fc.assert(
    fc.property(node, (tree) => {
      const parsed = parseExpression(printExpression(tree));
      if (parsed.kind === 'refused')
        throw new Error(`${parsed.message} at ${parsed.at}: ${printExpression(tree)}`);
      expect(bare(parsed.value)).toEqual(bare(tree));
    }),
    { numRuns: 500 },
  );
});

it('any text is parsed or refused at a place inside it, never thrown', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'select',
      'case',
      'when',
      'then',
      'end',
      'not',
      'in',
      '(',
      ')',
      ',',
      '.',
      "'",
      '--',
      '/*',
      'a',
      '1',
    ),
    fc.constantFrom(
      'is',
      'null',
      'between',
      'and',
      'like',
      'cast',
      'as',
      'from',
      'over',
      '+',
      '-',
      '*',
      '=',
      '<',
      '||',
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const source = pieces.join(' ');
      const parsed = parseExpression(source);
      if (parsed.kind === 'refused') expect(parsed.at >= 0 && parsed.at <= source.length).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

it('tokens cover a text in order', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (source) => {
      try {
        const places = tokenize(source).map((token) => token.at);
        expect(places).toEqual([...places].sort((a, b) => a - b));
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxRefused);
      }
    }),
  );
});
