import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Path, readYaml, type YamlDocument } from './yaml-document.ts';

function read(text: string): YamlDocument {
  const reading = readYaml(text);
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems));
  return reading.document;
}

function problems(text: string): readonly string[] {
  const reading = readYaml(text);
  return reading.kind === 'read' ? [] : reading.problems.map((p) => `${p.line}:${p.column} ${p.message}`);
}

describe('places in a YAML document', () => {
  const document = read('a: 1\nb:\n  c: [x, "y"]\n  d: { e: text }\n');
  it.each<readonly [Path, string, string]>([
    [['a'], '1:4', '1:1'],
    [['b', 'c', 1], '3:10', '3:10'],
    [['b', 'd', 'e'], '4:11', '4:8'],
    [['b', 'nothing', 'deeper'], '3:3', '3:3'],
  ])('%j is at %s, its key at %s', (path, value, key) => {
    const print = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;
    expect([print(document.at(path)), print(document.atKey(path))]).toEqual([value, key]);
  });

  it.each([
    ['plain', 'x: quantity * price', '1:15'],
    ['single quotes', "x: 'quantity * price'", '1:16'],
    ['single quotes with a quote inside', "x: 'q = ''a'' * price'", '1:17'],
    ['double quotes', 'x: "quantity * price"', '1:16'],
    ['double quotes with escapes', 'x: "q = \\"a\\" * price"', '1:17'],
    ['plain over lines', 'x: quantity\n   * price', '2:6'],
    ['literal', 'x: |\n  quantity\n    * price\n', '3:7'],
    ['folded', 'x: >-\n  quantity\n  * price\n', '3:5'],
    ['literal with an indent of its own', 'x: |2\n    quantity\n  * price\n', '3:5'],
  ])('are found inside a text: %s', (_, text, place) => {
    const yaml = read(text);
    const value = (yaml.value as { x: string }).x;
    const { line, column } = yaml.inside(['x'], value.indexOf('price'));
    expect(`${line}:${column}`).toBe(place);
  });

  it('of the first character of a text is the text itself', () => {
    for (const text of ['x: abc', "x: 'abc'", 'x: "abc"', 'x: |\n  abc\n']) {
      const { line, column } = read(text).inside(['x'], 0);
      expect(
        text
          .split('\n')
          [line - 1]?.slice(column - 1)
          .startsWith('abc'),
      ).toBe(true);
    }
  });
});

describe('hostile YAML', () => {
  it.each([
    ['duplicates', 'a: 1\nb:\n  c: 1\n  c: 2\n', '4:3 "c" stands here twice'],
    ['an alias', 'a: &x [1]\nb: *x\n', '2:4 aliases are not allowed here'],
    ['a merge key', 'a: &x {c: 1}\nb:\n  <<: *x\n', '3:7 aliases are not allowed here'],
    ['a tag', 'a: !!str 1\n', '1:10 tags are not allowed here'],
    ['a foreign tag', 'a: !thing 1\n', '1:4 YAML: unresolved tag: !thing'],
    ['a key that is no text', '1: a\n', '1:1 a key must be a text'],
    ['a key that is a list', '? [a]\n: b\n', '1:3 a key must be a text'],
    ['a prototype', '__proto__: {x: 1}\n', '1:1 "__proto__" is no name'],
    ['two documents', 'a: 1\n---\nb: 1\n', /^2:1 YAML: source contains multiple documents/],
    ['nothing', '', '1:1 the file is empty'],
    ['only a comment', '# hello\n', '1:1 the file is empty'],
    ['an open quote', 'a: "b\n', /^\d+:\d+ YAML: missing closing "quote/],
    ['a tab as indent', 'a:\n\tb: 1\n', /^2:1 YAML: tabs are not allowed as indentation/],
    ['depth', `a: ${'['.repeat(40)}${']'.repeat(40)}`, /deeper than 32 levels/],
    ['great depth', '['.repeat(20_000), /YAML/],
    ['great depth of blocks', '- '.repeat(20_000), /YAML/],
    ['size', 'x'.repeat(1024 * 1024 + 1), '1:1 longer than 1048576 characters'],
  ])('is refused: %s', (_, text, expected) => {
    expect(problems(text)[0]).toMatch(expected);
  });

  it('cannot grow: a bomb of aliases is refused at its first alias', () => {
    const layers = Array.from(
      { length: 30 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    expect(problems(`l0: &l0 [x]\n${layers.join('\n')}`)[0]).toBe('2:10 aliases are not allowed here');
  });

  it('with many keys takes time in proportion', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(Object.keys(read(text).value as object)).toHaveLength(20_000);
  });

  it('says a bounded number of things', () => {
    expect(problems(Array(1000).fill('a: 1').join('\n')).length).toBeLessThanOrEqual(20);
  });

  it('never throws, and plain data comes back as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(['read', 'problems']).toContain(readYaml(text).kind);
      }),
    );
    const key = fc.stringMatching(/^[a-z]{1,5}$/);
    const leaf = fc.oneof(fc.string(), fc.boolean(), fc.integer());
    const data = fc.dictionary(key, fc.oneof(leaf, fc.array(leaf), fc.dictionary(key, leaf)), { minKeys: 1 });
    fc.assert(
      fc.property(data, (value) => {
        expect(JSON.stringify(read(stringify(value, { aliasDuplicateObjects: false })).value)).toBe(
          JSON.stringify(value),
        );
      }),
    );
  });
});
