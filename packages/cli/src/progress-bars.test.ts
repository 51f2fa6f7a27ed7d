import { describe, expect, it } from 'vitest';
import { ProgressBars } from './progress-bars.ts';

function bars(rows = 24) {
  const written: string[] = [];
  const clock = { nowMs: 1_000 };
  const terminal = { columns: 60, rows, write: (text: string) => written.push(text) };
  return { written, clock, progress: new ProgressBars(terminal, () => clock.nowMs) };
}

describe('progress on a terminal', () => {
  it('draws a bar a stage over the last ones, and never wider than the terminal', () => {
    const { written, clock, progress } = bars();
    progress.update('land orders', 0, 10);
    clock.nowMs += 1_000;
    progress.update('land orders', 5, 10);
    expect(written[1]).toBe('\u001b[1A\u001b[0J');
    expect(written[2]).toContain('████████████░░░░░░░░░░░░  land orders');
    for (const text of written) expect(text.length).toBeLessThanOrEqual(61);
  });

  it('lets notes scroll away above the bars', () => {
    const { written, progress } = bars();
    progress.update('a', 1, 2);
    progress.note('hello');
    expect(written.slice(1, 3)).toEqual(['\u001b[1A\u001b[0J', 'hello\n']);
    expect(written[3]).toMatch(/a {20,}1 of 2/);
  });

  it('draws no more bars than can be drawn over', () => {
    const { written, clock, progress } = bars(5);
    for (let stage = 0; stage < 9; stage++) {
      clock.nowMs += 1_000;
      progress.update(`stage ${stage}`, 0, 9);
    }
    expect(written.findLast((text) => text.startsWith('\u001b['))).toBe('\u001b[3A\u001b[0J');
  });

  it('leaves what was drawn when it ends', () => {
    const { written, progress } = bars();
    progress.update('a', 1, 1);
    progress.end();
    const before = written.length;
    progress.note('after');
    expect(written.slice(before)).toEqual(['after\n']);
  });
});
