import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listStart } from './lake-storage.ts';

const segment = fc.stringMatching(/^[ab.=-]{1,3}$/);
const relative = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));

/** The service's order: folder by folder, a folder and what is in it before its next sibling. */
function isBeforeInWalk(a: string, b: string): boolean {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    if (x !== y) return x < y;
  }
  return left.length < right.length;
}

test('a listing that begins at the start of the walk misses no path after the asked one', () => {
  fc.assert(
    fc.property(relative, relative, (after, path) => {
      const start = listStart('t', `t/${after}`);
      const isSkipped = start !== undefined && isBeforeInWalk(path, start);
      return !(isSkipped && path > after);
    }),
    { numRuns: 5_000 },
  );
});

test('a long log is entered at the asked version', () => {
  expect(listStart('t/_delta_log', 't/_delta_log/00000000000000000041.json')).toBe('00000000000000000041');
});

test('a position outside the folder or right at its beginning lists all of it', () => {
  expect(listStart('t', 'a')).toBeUndefined();
  expect(listStart('t', 't/')).toBeUndefined();
  expect(listStart('t', 't/.hidden')).toBeUndefined();
});
