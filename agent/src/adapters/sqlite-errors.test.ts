import { expect, test } from 'vitest';
import { classSqliteError } from './sqlite-errors.ts';

const thrown = (errcode: number) => Object.assign(new Error('SQLite'), { errcode });

test.each([
  ['held by another process', 5, 'TransientError', 'unavailable'],
  ['an extended code of a full disk', 13 | (2 << 8), 'TransientError', 'unavailable'],
  ['an input or output error', 10, 'TransientError', 'unavailable'],
  ['out of memory', 7, 'TransientError', 'out-of-memory'],
  ['damage', 11, 'TerminalError', 'corrupt'],
  ['no database at all', 26, 'TerminalError', 'corrupt'],
  ['a constraint', 19, 'TerminalError', 'failed'],
])('%s is classed', (_, errcode, name, code) => {
  expect(classSqliteError(thrown(errcode), 'record run r')).toMatchObject({ name, code });
});

test('what SQLite did not throw stays as it is', () => {
  const bug = new TypeError('x');
  expect(classSqliteError(bug, 'x')).toBe(bug);
});
