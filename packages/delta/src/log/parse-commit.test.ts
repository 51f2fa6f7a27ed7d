import { describe, expect, it } from 'vitest';
import type { Commit } from './actions.ts';
import { addAction, decodePath, encodeLines, encodePath, txnAction } from './encode-actions.ts';
import { parseCommit } from './parse-commit.ts';

const FILE = 'bronze/orders/_delta_log/00000000000000000007.json';

function parse(...lines: readonly (string | object)[]): Commit {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  return parseCommit(7, Buffer.from(text), FILE);
}

const add = (path: string, more: object = {}) => ({
  add: { path, partitionValues: {}, size: 1, modificationTime: 2, dataChange: true, ...more },
});

describe('a log entry', () => {
  it('ignores actions and fields that it does not know, empty lines and a missing last newline', () => {
    const commit = parse(
      { commitInfo: { txnId: 'x' } },
      '',
      { domainMetadata: { domain: 'd' } },
      { cdc: { path: 'c' } },
      add('a', { baseRowId: 5 }),
    );
    expect(commit.info).toEqual({ txnId: 'x' });
    expect(commit.adds).toEqual([
      { path: 'a', partitionValues: {}, size: 1, modificationTime: 2, dataChange: true },
    ]);
  });

  it('keeps longs of txn exact and reads them back', () => {
    const txn = { appId: 'a', version: -(2n ** 63n), lastUpdated: 3 };
    expect(parse(encodeLines([txnAction(txn)])).txns).toEqual([txn]);
  });

  it('decodes a path exactly once, and a plus stays a plus', () => {
    const paths = parse(add('x=A%252FA/p+q%20r.parquet')).adds.map(({ path }) => path);
    expect(paths).toEqual(['x=A%2FA/p+q r.parquet']);
  });

  it.each(['_slice=2026-11-22T07/a.parquet', 'x=A%2FA/ü ?#&+é.parquet', '100%'])(
    'writes the path %j so that it reads back the same',
    (path) => {
      expect(decodePath(encodePath(path))).toBe(path);
      const file = { path, partitionValues: { a: null }, size: 1, modificationTime: 2, dataChange: false };
      expect(parse(encodeLines([addAction(file)])).adds).toEqual([file]);
    },
  );

  it('leaves our own paths as they are', () => {
    expect(encodePath('_slice=2026-11-22/a-b_c.parquet')).toBe('_slice=2026-11-22/a-b_c.parquet');
  });

  it.each([
    ['a line that was cut off', [add('a'), '{"add":{"path":"b","part'], 2],
    ['a line that is no object', ['17'], 1],
    ['a file added twice', [add('a'), add('a')], 2],
    ['a file added and removed', [add('a'), { remove: { path: 'a', dataChange: true } }], 2],
    ['two txns of one appId', [{ txn: { appId: 'a', version: 1 } }, { txn: { appId: 'a', version: 2 } }], 2],
    ['a txn without a version', [{ txn: { appId: 'a' } }], 1],
    ['a file without a size', [add('a', { size: undefined })], 1],
    ['a size that is text', [add('a', { size: '1' })], 1],
    ['a path that is not percent-encoded', [add('100%')], 1],
    ['partition values that are no map', [add('a', { partitionValues: [] })], 1],
    ['nothing', [''], 1],
  ])('with %s is corrupt, by file and line', (_what, lines, line) => {
    expect(() => parse(...lines)).toThrow(
      expect.objectContaining({ name: 'TerminalError', code: 'corrupt' }),
    );
    expect(() => parse(...lines)).toThrow(`${FILE}:${line} `);
  });

  it('with bytes that are not UTF-8 is corrupt', () => {
    expect(() => parseCommit(7, Uint8Array.of(0x7b, 0xff, 0x7d), FILE)).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    );
  });

  it.each([
    ['a deletion vector', add('a', { deletionVector: { storageType: 'u' } })],
    ['a newer reader', { protocol: { minReaderVersion: 2, minWriterVersion: 5 } }],
    [
      'reader features',
      {
        protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['x'], writerFeatures: ['x'] },
      },
    ],
    [
      'a catalog that manages it',
      { protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['catalogManaged'] } },
    ],
  ])('with %s is refused as unsupported', (_what, action) => {
    expect(() => parse(action)).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
