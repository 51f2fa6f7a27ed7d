import { expect, test } from 'vitest';
import { judgeRead, judgeWrite, readConditions } from './conditions.ts';

const NOW = Date.UTC(2026, 10, 22, 7, 30, 15);
const there = { etag: '0x8AB', lastModifiedMs: NOW + 250 };
const at = (ms: number) => new Date(ms).toUTCString();

test.each([
  ['no condition', {}, there, 'ok'],
  ['no condition on nothing', {}, undefined, 'ok'],
  ['the seen etag', { 'if-match': '"0x8AB"' }, there, 'ok'],
  ['another etag', { 'if-match': '"0x8CD"' }, there, 'not-met'],
  ['one etag of a list', { 'if-match': '"0x8CD", "0x8AB"' }, there, 'ok'],
  ['any etag', { 'if-match': '*' }, there, 'ok'],
  ['any etag of nothing', { 'if-match': '*' }, undefined, 'not-met'],
  ['absent', { 'if-none-match': '*' }, undefined, 'ok'],
  ['absent but there', { 'if-none-match': '*' }, there, 'exists'],
  ['not the seen etag', { 'if-none-match': '"0x8AB"' }, there, 'not-met'],
  ['modified since before', { 'if-modified-since': at(NOW - 1000) }, there, 'ok'],
  ['modified since its own second', { 'if-modified-since': at(NOW) }, there, 'not-met'],
  ['unmodified since its own second', { 'if-unmodified-since': at(NOW) }, there, 'ok'],
  ['unmodified since before', { 'if-unmodified-since': at(NOW - 1000) }, there, 'not-met'],
] as const)('a write under %s', (_title, headers, state, verdict) => {
  expect(judgeWrite(readConditions(headers), state)).toBe(verdict);
});

test.each([
  ['the seen etag', { 'if-match': '"0x8AB"' }, 'ok'],
  ['another etag', { 'if-match': '"0x8CD"' }, 'not-met'],
  ['not the seen etag', { 'if-none-match': '"0x8AB"' }, 'not-modified'],
  ['not another etag', { 'if-none-match': '"0x8CD"' }, 'ok'],
  ['modified since now', { 'if-modified-since': at(NOW) }, 'not-modified'],
  [
    'modified since now, but not another etag',
    { 'if-none-match': '"0x8CD"', 'if-modified-since': at(NOW) },
    'ok',
  ],
  ['unmodified since before', { 'if-unmodified-since': at(NOW - 1000) }, 'not-met'],
] as const)('a read under %s', (_title, headers, verdict) => {
  expect(judgeRead(readConditions(headers), there)).toBe(verdict);
});

test('a date that can not be read is refused', () => {
  expect(() => readConditions({ 'if-modified-since': 'yesterday' })).toThrow(/date/);
});
