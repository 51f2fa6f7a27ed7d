import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterMark, allRows, lastRowIn, partitionOf, resumeFrom, rowsInPartition } from './stamp.ts';

describe('row to partition', () => {
  test('every row is in one partition, and the counts say so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 9 }), (rows, partitions) => {
        const all = Array.from({ length: rows }, (_, index) => index + 1);
        for (let partition = 0; partition < partitions; partition++) {
          const mine = all.filter((row) => partitionOf(row, partitions) === partition);
          expect(rowsInPartition(rows, partition, partitions)).toBe(mine.length);
          expect(lastRowIn(rows, partition, partitions)).toBe(mine.at(-1) ?? 0);
        }
      }),
    );
  });
});

describe('resumeFrom', () => {
  const sources = [
    { name: 'a', rows: 10 },
    { name: 'b', rows: 10 },
  ];
  const afterA = afterMark(allRows(sources.slice(0, 1), 0, 4));

  test('begins at the beginning of an empty partition', () => {
    expect(resumeFrom('none', sources, 0, 4)).toEqual({ kind: 'known', lastRows: new Map() });
  });

  test('knows that the sources before the newest event are complete', () => {
    const newest = { source: 'b', row: 5, ...(afterA === undefined ? {} : { after: afterA }) };
    expect(resumeFrom(newest, sources, 0, 4)).toEqual({
      kind: 'known',
      lastRows: new Map([
        ['a', 9],
        ['b', 5],
      ]),
    });
  });

  test('reads the partition when the newest event does not tell all', () => {
    const unknown = { kind: 'scan' };
    expect(resumeFrom('foreign', sources, 0, 4)).toEqual(unknown);
    expect(resumeFrom({ source: 'c', row: 1 }, sources, 0, 4)).toEqual(unknown);
    expect(resumeFrom({ source: 'b', row: 5 }, sources, 0, 4)).toEqual(unknown);
    const grown = [{ name: 'a', rows: 14 }, ...sources.slice(1)];
    const newest = { source: 'b', row: 5, ...(afterA === undefined ? {} : { after: afterA }) };
    expect(resumeFrom(newest, grown, 0, 4)).toEqual(unknown);
  });
});
