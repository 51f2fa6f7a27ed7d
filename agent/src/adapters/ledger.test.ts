import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ledger, openLedger, type RunRecord } from './ledger.ts';
import { makeGuards } from './testing/guards.ts';
import { SteppedClock } from './testing/stepped-clock.ts';

describe('the embedded ledger', () => {
  let dir = '';
  let file = '';
  let open: Ledger[] = [];
  const guard = makeGuards().guards.ledger;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ledger-'));
    file = join(dir, 'agent', 'ledger.db');
  });
  afterEach(() => {
    for (const ledger of open) ledger.close();
    open = [];
    rmSync(dir, { recursive: true, force: true });
  });

  function make(): Ledger {
    const ledger = openLedger(file, { guard, waitMsMax: 0 });
    open.push(ledger);
    return ledger;
  }

  function reopen(): Ledger {
    open.pop()?.close();
    return make();
  }

  test('gives every epoch of a scope once, above all that it or the lake has seen (I4)', () => {
    const ledger = make();
    expect(ledger.nextEpoch('a', 0n)).toBe(1n);
    expect(ledger.nextEpoch('a', 0n)).toBe(2n);
    expect(ledger.nextEpoch('a', 40n)).toBe(41n);
    expect(ledger.nextEpoch('a', 7n)).toBe(42n);
    expect(ledger.nextEpoch('b', 0n)).toBe(1n);
    expect(reopen().nextEpoch('a', 0n)).toBe(43n);
  });

  test('keeps epochs as 64-bit numbers', () => {
    expect(make().nextEpoch('a', 2n ** 60n)).toBe(2n ** 60n + 1n);
  });

  test('remembers runs by id, the newest first', () => {
    const run = (id: string, startedMs: number, more: Partial<RunRecord> = {}): RunRecord => ({
      id,
      dataset: 'silver.orders',
      slices: ['2011-12-01'],
      state: 'running',
      startedMs,
      ...more,
    });
    const ledger = make();
    ledger.recordRun(run('one', 1));
    ledger.recordRun(run('two', 2));
    const done = run('one', 1, { state: 'committed', endedMs: 5, rows: 10 });
    ledger.recordRun(done);
    ledger.recordRun(run('three', 3, { state: 'failed', error: 'why' }));
    expect(
      reopen()
        .listRuns(10)
        .map((r) => r.id),
    ).toEqual(['three', 'two', 'one']);
    expect(open[0]?.listRuns(3)[2]).toEqual(done);
    expect(open[0]?.listRuns(1)).toHaveLength(1);
  });

  test('is refused to a second agent, and free again when the first one ends', () => {
    make();
    expect(() => openLedger(file, { guard, waitMsMax: 0 })).toThrow(
      expect.objectContaining({ name: 'TerminalError', code: 'failed' }),
    );
    expect(reopen().nextEpoch('a', 0n)).toBe(1n);
  });

  test('can still be read by others while the agent has it', () => {
    make().nextEpoch('a', 8n);
    const reader = new DatabaseSync(file, { readOnly: true });
    expect(reader.prepare('SELECT epoch FROM epochs').get()).toMatchObject({ epoch: 9 });
    reader.close();
  });

  test('of a newer agent is refused and left as it is (I21)', () => {
    make();
    open.pop()?.close();
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(() => openLedger(file, { guard })).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  test('that is no database says what to do', () => {
    make();
    open.pop()?.close();
    rmSync(`${file}-wal`, { force: true });
    writeFileSync(file, 'not a database, but long enough to be taken for one'.repeat(100));
    expect(() => openLedger(file, { guard })).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });

  test('that another process holds fails for a while, then parks what is asked of it, and comes back', async () => {
    const clock = new SteppedClock();
    const { guards, facts } = makeGuards(clock);
    const ledger = openLedger(file, { guard: guards.ledger, waitMsMax: 0, statementWaitMsMax: 0 });
    open.push(ledger);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < 9; i++)
      expect(() => ledger.nextEpoch('a', 0n)).toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(() => ledger.nextEpoch('a', 0n)).toThrow(expect.objectContaining({ code: 'parked' }));
    await clock.pass(3_000);
    expect(facts.map(({ type }) => type)).toEqual(['BreakerOpened', 'BreakerProbed', 'BreakerProbed']);
    other.exec('ROLLBACK');
    other.close();
    await clock.pass(5_000);
    expect(ledger.nextEpoch('a', 0n)).toBe(1n);
    await guards.close();
  });
});
