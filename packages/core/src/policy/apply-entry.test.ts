import type { AuditEntry, ControlEffect } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { applyEntries, applyNoted } from './apply-entry.ts';
import { sealEntry } from './audit-entry.ts';
import { decodeSnapshot, encodeSnapshot } from './control-snapshot.ts';
import { type ControlState, EMPTY_CONTROL } from './control-state.ts';

const AT = '2026-01-15T12:00:00.000Z';

function entriesOf(
  effects: readonly (readonly ControlEffect[])[],
  base = EMPTY_CONTROL,
): readonly AuditEntry[] {
  let { head } = base;
  return effects.map((own) => {
    const entry = sealEntry({ actor: 'ann', role: 'operator', effects: own }, head, AT);
    head = { seq: entry.seq, hash: entry.hash };
    return entry;
  });
}

/** One entry an effect, none of them ignored. */
function fold(...effects: readonly ControlEffect[]): ControlState {
  const { state, ignored } = applyEntries(EMPTY_CONTROL, entriesOf(effects.map((effect) => [effect])));
  expect(ignored).toEqual([]);
  return state;
}

function ignoredOf(...effects: readonly ControlEffect[]): readonly string[] {
  return applyEntries(EMPTY_CONTROL, entriesOf([effects])).ignored.map(({ reason }) => reason);
}

const opened = (incident: string, cause = `lag:${incident}`): ControlEffect => ({
  type: 'IncidentOpened',
  incident,
  signal: {
    cause,
    kind: 'lag',
    severity: 'warning',
    title: 'orders lag',
    targets: ['source:orders'],
    evidence: {},
  },
  deadline: '2026-01-15T13:00:00.000Z',
  since: AT,
});
const moved = (
  incident: string,
  to: 'open' | 'recovering' | 'verifying' | 'resolved' | 'escalated',
): ControlEffect => ({
  type: 'IncidentMoved',
  incident,
  to,
  note: `now ${to}`,
});
const started = (execution: string, incident?: string): ControlEffect => ({
  type: 'ExecutionStarted',
  execution,
  runbook: 'stalled-partition',
  version: 'v1',
  mode: 'auto',
  cause: 'lag:i-1',
  steps: [{ id: 'retry', action: 'retry' }],
  bindings: { source: 'orders' },
  state: 'running',
  ...(incident && { incident }),
});
const backfill = (id: string): ControlEffect => ({
  type: 'BackfillStarted',
  backfill: id,
  plan: `plan-${id}`,
  title: 'backfill silver.orders all slices',
  dataset: 'silver.orders',
  slices: ['silver.orders@2011-11-11'],
  rows: 10,
  estimateMs: 10,
});

describe('the fold of the control log', () => {
  it('stops and lets go by target', () => {
    const paused: ControlEffect = { type: 'Paused', target: 'source:orders', reason: 'r', until: AT };
    const frozen: ControlEffect = { type: 'Frozen', target: 'gold', reason: 'r' };
    const state = fold(paused, frozen);
    expect(state.pauses.get('source:orders')).toEqual({
      ...{ target: 'source:orders', reason: 'r', by: 'ann', since: AT, until: AT },
    });
    expect(state.freezes.get('gold')).toEqual({ target: 'gold', reason: 'r', by: 'ann', since: AT });
    const free = fold(
      paused,
      frozen,
      { type: 'Resumed', target: 'source:orders' },
      { type: 'Thawed', target: 'gold' },
    );
    expect([free.pauses.size, free.freezes.size]).toEqual([0, 0]);
  });

  it('pins and releases by slice', () => {
    const pinned: ControlEffect = {
      type: 'Pinned',
      slice: 'silver.a@all',
      by: 'waive',
      as: 'empty',
      reason: 'r',
    };
    expect(fold(pinned).pins.get('silver.a@all')).toEqual({
      ...{ slice: 'silver.a@all', by: 'waive', as: 'empty', reason: 'r', actor: 'ann' },
    });
    expect(fold(pinned, { type: 'Released', slice: 'silver.a@all' }).pins.size).toBe(0);
  });

  it('remembers which salts a slice may carry', () => {
    const slices = ['silver.a@all'];
    const salted = (salt: string, own?: string): ControlEffect => ({
      ...{ type: 'SlicesSalted', slices, salt, plan: `p-${salt}` },
      ...(own && { backfill: own }),
    });
    const saltOf = (...effects: ControlEffect[]) => fold(...effects).salts.get('silver.a@all');
    expect(saltOf(salted('1'))).toEqual({ salt: '1', previous: '' });
    expect(saltOf(salted('1'), salted('2'))).toEqual({ salt: '2', previous: '1' });
    expect(saltOf(salted('1'), salted('1'))).toEqual({ salt: '1', previous: '' });
    expect(saltOf(salted('1', 'b1'), salted('2', 'b2'))).toEqual({
      ...{ salt: '2', previous: '1', older: [''], backfill: 'b2' },
    });
    const many = Array.from({ length: 30 }, (_, i) => salted(`s${i}`, `b${i}`));
    expect(saltOf(...many)?.older).toHaveLength(8);
  });

  it('begins and ends a backfill, and ends its pause with it', () => {
    const paused: ControlEffect = { type: 'Paused', target: 'backfill:b1', reason: 'r' };
    const ended: ControlEffect = { type: 'BackfillEnded', backfill: 'b1', as: 'cancelled' };
    const state = fold(backfill('b1'), paused, ended, ended);
    expect(state.backfills.get('b1')).toMatchObject({ startedBy: 'ann', ended: { as: 'cancelled', at: AT } });
    expect(state.pauses.size).toBe(0);
    expect(state.applied.get('plan-b1')).toEqual({ seq: 1, backfill: 'b1' });
    expect(ignoredOf(backfill('b1'), ended, { ...ended, as: 'done' })).toHaveLength(1);
    expect(ignoredOf(backfill('b1'), backfill('b1'))).toHaveLength(1);
    expect(ignoredOf(ended)).toHaveLength(1);
  });

  it('forgets a plan that reads a source again once its reading ends, so that it may be asked for again', () => {
    const begin: ControlEffect = {
      type: 'SourceReplayStarted',
      plan: 'p',
      source: 'orders',
      slices: ['bronze.orders@2011-11-11'],
    };
    expect(fold(begin).replays.get('p')).toEqual({
      plan: 'p',
      source: 'orders',
      slices: ['bronze.orders@2011-11-11'],
    });
    expect(fold(begin).applied.has('p')).toBe(true);
    const state = fold(begin, { type: 'SourceReplayEnded', plan: 'p', as: 'unchanged', note: '' });
    expect([state.replays.size, state.applied.size]).toEqual([0, 0]);
  });

  it('wants a window with the highest attempt that was asked for', () => {
    const rerun = (attempt: number): ControlEffect => ({
      type: 'WindowRerun',
      source: 's',
      window: '2011-11-11',
      attempt,
    });
    expect(fold(rerun(2), rerun(5), rerun(3)).reruns.get('s/2011-11-11')).toBe(5);
  });

  it('keeps one incident a cause, with its newest evidence', () => {
    const again = {
      ...opened('i-1'),
      signal: { ...(opened('i-1') as { signal: object }).signal, title: 'worse' },
    } as ControlEffect;
    expect(fold(opened('i-1'), again).incidents.get('i-1')).toMatchObject({
      title: 'worse',
      signals: 2,
      state: 'open',
    });
    expect(ignoredOf(opened('i-1', 'c'), opened('i-2', 'c'))).toEqual(['i-1 is open for c']);
    expect(fold(opened('i-1', 'c'), moved('i-1', 'resolved'), opened('i-2', 'c')).incidents.size).toBe(2);
    expect(ignoredOf(opened('i-1'), moved('i-1', 'resolved'), opened('i-1'))).toHaveLength(1);
  });

  it('moves an incident only where it may go, and says when it ended', () => {
    const state = fold(
      opened('i-1'),
      moved('i-1', 'recovering'),
      moved('i-1', 'verifying'),
      moved('i-1', 'resolved'),
    );
    expect(state.incidents.get('i-1')).toMatchObject({ state: 'resolved', endedAt: AT });
    expect(ignoredOf(opened('i-1'), moved('i-1', 'recovering'), moved('i-1', 'open'))).toHaveLength(1);
    const reopened = fold(opened('i-1'), moved('i-1', 'resolved'), moved('i-1', 'open')).incidents.get('i-1');
    expect(reopened?.state).toBe('open');
    expect(reopened).not.toHaveProperty('endedAt');
    expect(ignoredOf(moved('i-9', 'open'))).toEqual(['there is no incident i-9']);
  });

  it('keeps a bounded timeline that still tells how it began', () => {
    const notes = Array.from(
      { length: 120 },
      (_, i): ControlEffect => ({ type: 'IncidentNoted', incident: 'i-1', note: `${i}` }),
    );
    const timeline = fold(opened('i-1'), ...notes)
      .incidents.get('i-1')
      ?.timeline.map(({ what }) => what);
    expect(timeline).toHaveLength(50);
    expect([timeline?.[0], timeline?.at(-1)]).toEqual(['orders lag', '119']);
  });

  it('says who looks after an incident, the first one only', () => {
    const by = (name: string): ControlEffect => ({ type: 'IncidentAcknowledged', incident: 'i-1', by: name });
    expect(fold(opened('i-1'), by('ann'), by('bob')).incidents.get('i-1')?.acknowledgedBy).toBe('ann');
  });

  it('journals an execution step by step', () => {
    const step = (to: 'running' | 'done' | 'undone', id = 'retry'): ControlEffect => ({
      type: 'StepMoved',
      execution: 'x',
      step: id,
      to,
      note: to,
    });
    const move = (to: 'verifying' | 'succeeded' | 'running'): ControlEffect => ({
      type: 'ExecutionMoved',
      execution: 'x',
      to,
    });
    const state = fold(
      opened('i-1'),
      started('x', 'i-1'),
      step('running'),
      step('done'),
      move('verifying'),
      move('succeeded'),
    );
    expect(state.executions.get('x')).toMatchObject({
      ...{ state: 'succeeded', startedAt: AT, endedAt: AT, incident: 'i-1' },
      steps: [{ id: 'retry', action: 'retry', state: 'done', at: AT, note: 'done' }],
    });
    expect(state.incidents.get('i-1')).toMatchObject({ runbook: 'stalled-partition', execution: 'x' });
    expect(ignoredOf(started('x'), started('x'))).toHaveLength(1);
    expect(ignoredOf(started('x'), step('undone'))).toHaveLength(1);
    expect(ignoredOf(started('x'), step('running', 'other'))).toEqual(['x has no step other']);
    expect(ignoredOf(started('x'), move('succeeded'), move('running'))).toHaveLength(1);
  });

  it('is bounded in what it remembers of the past, and forgets nothing that is open', () => {
    const effects = Array.from({ length: 1_200 }, (_, i): ControlEffect[] => [
      opened(`i-${i}`),
      started(`x-${i}`),
      { type: 'ExecutionMoved', execution: `x-${i}`, to: 'succeeded' },
      backfill(`b-${i}`),
      { type: 'BackfillEnded', backfill: `b-${i}`, as: 'done' },
      ...(i === 0 ? [] : [moved(`i-${i}`, 'resolved')]),
    ]);
    const { state } = applyEntries(EMPTY_CONTROL, entriesOf(effects));
    expect([state.incidents.size, state.executions.size, state.backfills.size]).toEqual([
      1_000, 1_000, 1_000,
    ]);
    expect(state.incidents.get('i-0')?.state).toBe('open');
    expect(state.incidents.has('i-1')).toBe(false);
  });

  it('gives the same state for the same entries, however they are batched and whoever reads them', () => {
    const entries = entriesOf([
      [opened('i-1'), backfill('b1')],
      [{ type: 'Paused', target: 'source:orders', reason: 'r' }],
      [started('x', 'i-1'), moved('i-1', 'recovering')],
      [{ type: 'SlicesSalted', slices: ['silver.a@all'], salt: '1', plan: 'p' }],
    ]);
    const whole = applyEntries(EMPTY_CONTROL, entries).state;
    let single = EMPTY_CONTROL;
    for (const entry of entries) single = applyEntries(single, [entry]).state;
    const stored = JSON.parse(JSON.stringify(entries)) as AuditEntry[];
    expect(single).toEqual(whole);
    expect(applyEntries(EMPTY_CONTROL, stored).state).toEqual(whole);
    expect(decodeSnapshot(encodeSnapshot(whole))).toEqual(whole);
    expect(EMPTY_CONTROL.incidents.size).toBe(0);
  });

  it('shows what is noted without moving its head', () => {
    const origin = { seq: 1, at: AT, actor: 'agent' };
    const state = applyNoted(EMPTY_CONTROL, [{ origin, effects: [opened('i-1')] }]);
    expect(state.incidents.size).toBe(1);
    expect(state.head).toEqual(EMPTY_CONTROL.head);
  });
});
