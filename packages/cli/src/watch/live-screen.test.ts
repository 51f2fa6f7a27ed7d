import { describe, expect, it } from 'vitest';
import { LiveScreen } from './live-screen.ts';

function screen(columns: number, rows: number) {
  const written: string[] = [];
  return { written, screen: new LiveScreen({ columns, rows, write: (text) => written.push(text) }) };
}

describe('a block on a terminal', () => {
  it('is drawn over the last one', () => {
    const { screen: block, written } = screen(80, 24);
    block.draw(['one', 'two\nthree']);
    block.draw(['four']);
    block.draw(['five']);
    expect(written).toEqual(['one\ntwo\nthree\n', '\u001b[3A\u001b[0Jfour\n', '\u001b[1A\u001b[0Jfive\n']);
  });

  it('is never wider or higher than the terminal, nor disturbed by data', () => {
    const { screen: block, written } = screen(12, 4);
    block.draw(['a\u001b[2J', 'b'.repeat(40), 'c', 'd', 'e']);
    expect(written).toEqual([`a·[2J\n${'b'.repeat(11)}\n… and 3 mor\n`]);
  });
});
