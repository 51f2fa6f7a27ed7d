import { describe, expect, it } from 'vitest';
import { showAgentLine, showSourceLine } from './show-lines.ts';

function recorder() {
  const notes: string[] = [];
  const updates: unknown[][] = [];
  return {
    notes,
    updates,
    note: (text: string) => void notes.push(text),
    update: (...of: unknown[]) => void updates.push(of),
  };
}

describe('what the sources say', () => {
  it('is progress by hub, sent or live', () => {
    const seen = recorder();
    expect(
      showSourceLine({ progress: { source: 'orders', done: 5, total: 9 } }, 'send', seen),
    ).toBeUndefined();
    showSourceLine({ progress: { source: 'orders', done: 6 } }, 'live', seen);
    expect(seen.updates).toEqual([
      ['send orders', 5, 9],
      ['live orders', 6, undefined],
    ]);
  });

  it('is a notice, worth knowing', () => {
    const seen = recorder();
    expect(showSourceLine({ notice: 'orders.csv:14  expected 8 fields' }, 'send', seen)).toBeUndefined();
    expect(seen.notes).toEqual(['notice    orders.csv:14  expected 8 fields']);
  });

  it.each([
    [{ file: 'a.csv', line: 3, column: 7, message: 'odd', remedy: 'mend it' }, 'a.csv:3:7  odd · mend it'],
    [{ file: 'a.csv', line: 3, column: 0, message: 'odd' }, 'a.csv:3  odd'],
    [
      { file: 'a.csv', line: 0, column: 0, message: 'no such file', remedy: 'put it there' },
      'a.csv  no such file · put it there',
    ],
    ['plain words', 'plain words'],
    [{ file: 'a\u001b[2J.csv', line: 0, message: 'odd\nline' }, 'a·[2J.csv  odd·line'],
  ])('is a problem that also ends in the summary: %j', (problem, text) => {
    const seen = recorder();
    expect(showSourceLine({ problem }, 'send', seen)).toBe(text);
    expect(seen.notes).toEqual([`problem   ${text}`]);
  });
});

describe('what the agent says', () => {
  it('is progress of a drain, each drain anew', () => {
    const seen = recorder();
    showAgentLine({ type: 'DrainStarted', hub: 'ns/orders', partitions: 4, events: 30 }, seen);
    showAgentLine({ type: 'EventsLanded', hub: 'ns/orders', events: 20, left: 10 }, seen);
    expect(seen.updates).toEqual([
      ['land ns/orders', 0, 30],
      ['land ns/orders', 20, 30],
    ]);
  });

  it('is a note for a window and a run', () => {
    const seen = recorder();
    showAgentLine({ type: 'WindowLanded', source: 'stores', window: '2011-12-10', rows: 1_565 }, seen);
    const took = { engineMs: 3, storeMs: 2, commitMs: 1 };
    showAgentLine({ type: 'RunCommitted', dataset: 'gold.daily_sales', slices: 1, rows: 6, ...took }, seen);
    expect(seen.notes).toEqual([
      'land stores 2011-12-10: 1,565 rows',
      'build gold.daily_sales: 1 slice, 6 rows (engine 3 ms, store 2 ms, commit 1 ms)',
    ]);
  });

  it('is a warning with what it is about before why; the rest is for programs', () => {
    const seen = recorder();
    const line = {
      at: 'now',
      level: 'warn',
      type: 'HubFailed',
      message: 'a hub could not be drained',
      hub: 'ns/orders',
    };
    showAgentLine({ ...line, reason: 'timeout: no answer' }, seen);
    showAgentLine({ level: 'info', type: 'DrainFinished', message: 'drained' }, seen);
    expect(seen.notes).toEqual(['warn      a hub could not be drained · hub ns/orders: timeout: no answer']);
  });
});
