import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ActivityFailure } from './copy-error.ts';
import { pathSegments } from './path-segments.ts';
import { matchesFolder, matchesWildcard } from './wildcard.ts';

test.each([
  ['*', '', true],
  ['*', 'abc', true],
  ['*.csv', 'a.csv', true],
  ['*.csv', 'a.csv.gz', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['^*.csv', '*.csv', true],
  ['^*.csv', 'x.csv', false],
  ['*a*b*', 'xxaxxbxx', true],
  ['*a*b*', 'xxbxxaxx', false],
  ['a.b', 'axb', false],
])('%s against %s is %s', (pattern, name, wanted) => {
  expect(matchesWildcard(pattern, name)).toBe(wanted);
});

test('wildcards agree with the regular expression they stand for', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (wild, name) => {
      const source = wild.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      expect(matchesWildcard(wild, name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
  );
});

test('folders match segment by segment', () => {
  expect(matchesFolder(['2011-*', 'x'], ['2011-12', 'x'])).toBe(true);
  expect(matchesFolder(['*'], ['a', 'b'])).toBe(false);
});

test.each(['../x', 'a/../../x', 'a\\..\\x', './a', 'a/\u0000b', `a/${'x'.repeat(1100)}`])(
  'the path %j is refused',
  (path) => {
    expect(() => pathSegments(path, 'Sink')).toThrow(ActivityFailure);
  },
);

test('empty segments and leading slashes vanish', () => {
  expect(pathSegments('/a//b\\c/', 'Sink')).toEqual(['a', 'b', 'c']);
});
