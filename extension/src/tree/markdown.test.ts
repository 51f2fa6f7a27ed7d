import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLink, escaped, facts } from './markdown.ts';

describe('escaped text', () => {
  it('shows what it is, letter by letter', () => {
    const decoded = (text: string) =>
      text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
    expect(decoded(escaped('a *b* <i>c</i> [d](e) $(f) | 1. g @h'))).toBe(
      'a *b* <i>c</i> [d](e) $(f) | 1. g @h',
    );
  });

  it('holds no mark that Markdown, HTML or icons give a meaning, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        const safe = escaped(text).replace(/&#\d+;/g, '');
        expect(safe).not.toMatch(/[\\`*_{}[\]()#+\-!<>&|~$^=:;"'/@.\n\r\t]/);
      }),
    );
  });

  it('is cut, however long it was', () => {
    expect(escaped('x'.repeat(1_000_000)).length).toBeLessThanOrEqual(300);
  });
});

it('links carry their arguments so that no bracket ends them early', () => {
  const link = commandLink('a](b', 'lakewarden.openLineage', { focus: "silver.o(r)d'ers*" });
  expect(link.match(/\]\(/g)).toHaveLength(1);
  const query = /\?([^)]*)\)$/.exec(link)?.[1] ?? '';
  expect(JSON.parse(decodeURIComponent(query))).toEqual([{ focus: "silver.o(r)d'ers*" }]);
});

it('facts without a text are left out', () => {
  expect(facts({ name: 'a', text: undefined }, { name: 'b', text: '' })).toBe('');
  expect(facts({ name: 'a', text: '1' }).split('\n')).toHaveLength(3);
});
