import { describe, expect, it } from 'vitest';
import { formatTable } from './text-table.ts';

const lines = (...args: Parameters<typeof formatTable>) => formatTable(...args).split('\n');

describe('a table as text', () => {
  it('puts numbers to the right and the rest to the left', () => {
    const rows = [
      ['UK', '12.500'],
      ['Iceland', '-3'],
      ['Malta', null],
    ];
    expect(lines(['country', 'sum'], rows)).toEqual([
      'country     sum',
      '───────  ──────',
      'UK       12.500',
      'Iceland      -3',
      'Malta',
    ]);
  });

  it('shows a header when there are no rows', () => {
    expect(lines(['a', 'bc'], [])).toEqual(['a  bc', '─  ──']);
  });

  it('cannot be made to move the cursor, change colours, turn the writing or break the line', () => {
    const [, , row] = lines(['v\u001b[2J'], [['\u001b[31mred\u0007\r\nnext\u202egnp\u2066x\u009b1m\u2028y']]);
    expect(row).toBe('·[31mred···next·gnp·x·1m·y');
    expect(lines(['v\u001b[2J'], [])[0]).toBe('v·[2J');
  });

  it('cuts long cells, never within a character, but not the columns that people copy', () => {
    const long = `${'a'.repeat(58)}😀😀`;
    const [, , row] = lines(['text', 'path'], [[long, `/${'p'.repeat(200)}`]]);
    expect(row).toMatch(/^a{58}\ufffd… {2}\/p{3}/);
    const [, , whole] = lines(['text', 'path'], [[long, `/${'p'.repeat(200)}`]], { whole: ['path'] });
    expect(whole).toContain(`/${'p'.repeat(200)}`);
  });

  it('fits into a terminal: empty columns go, the widest texts are cut, numbers and names are not', () => {
    const rows = [
      ['silver.orders', '1,234', '', 'a failure with many words in it', 'some more'],
      ['silver.stores', '7', '', 'another failure', 'x'],
    ];
    const header = ['dataset', 'rows', 'gone', 'why', 'note'];
    expect(lines(header, rows, { whole: ['dataset'], width: 50 })).toEqual([
      'dataset         rows  why                note',
      '─────────────  ─────  ─────────────────  ─────────',
      'silver.orders  1,234  a failure with m…  some more',
      'silver.stores      7  another failure    x',
    ]);
    for (const width of [20, 30, 40, 60, 100])
      for (const line of lines(header, rows, { whole: ['dataset'], width }))
        expect(line.length).toBeLessThanOrEqual(width);
    expect(lines(header, rows, { width: 200 })[0]).toContain('gone');
  });

  it('writes structures as JSON', () => {
    expect(lines(['v'], [[{ a: [1] }]]).at(-1)).toBe('{"a":[1]}');
  });
});
