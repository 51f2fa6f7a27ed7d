import { createHash } from 'node:crypto';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalRow, hash64, hash64OfNumber } from './canonical-row.ts';

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
afterAll(() => {
  connection.disconnectSync();
  instance.closeSync();
});

async function value(sql: string, values?: Record<string, string>): Promise<unknown> {
  const reader = await connection.runAndReadAll(sql, values);
  return reader.getRowsJson()[0]?.[0];
}

describe('the canonical row', () => {
  it('spells each type as its definition says', async () => {
    const columns = [
      { name: 's', type: 'string' },
      { name: 'n', type: 'string' },
      { name: 'l', type: 'long' },
      { name: 'd', type: 'decimal(10,3)' },
      { name: 'b', type: 'boolean' },
      { name: 'y', type: 'date' },
      { name: 't', type: 'timestamp' },
      { name: 'f', type: 'double' },
      { name: 'x', type: 'binary' },
      { name: 'z', type: 'long' },
    ] as const;
    const row = `SELECT 'é:' AS s, NULL AS n, -5 AS l, CAST(0.5 AS DECIMAL(10,3)) AS d, true AS b, DATE '2011-12-09' AS y,
      TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' AS t, CAST(1e21 AS DOUBLE) AS f, '\\xAB'::BLOB AS x, NULL AS z`;
    expect(await value(`SELECT ${canonicalRow(columns)} FROM (${row})`)).toBe(
      '3:é::-5:0.500:true:2011-12-09:-1:1e+21:2:ab:',
    );
  });

  it('hashes to the first 8 bytes of md5, big-endian, on both ways', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        const expected = createHash('md5').update(text).digest().readBigUInt64BE().toString();
        const both = `SELECT concat(${hash64('$t')}, ' ', ${hash64OfNumber('n')}) FROM (SELECT md5_number($t) AS n)`;
        expect(await value(both, { t: text })).toBe(`${expected} ${expected}`);
      }),
    );
  });
});
