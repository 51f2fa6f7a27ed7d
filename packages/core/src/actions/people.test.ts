import { describe, expect, it } from 'vitest';
import { incidentEffect, RUNBOOK, startAgent, startedEffect } from './action-world.fixture.ts';

const reason = 'not during the sale';

describe('acknowledge', () => {
  it('is for one person and for what is not over', async () => {
    const { act, refusal, log } = await startAgent();
    log.note([incidentEffect('i-1')]);
    await act('acknowledge', { incident: 'i-1' }, { as: 'ann' });
    expect((await act('acknowledge', { incident: 'i-1' }, { as: 'bob' })).message).toMatch(
      /^ann looks after/,
    );
    log.note([{ type: 'IncidentMoved', incident: 'i-1', to: 'resolved', note: 'gone' }]);
    expect(await refusal('acknowledge', { incident: 'i-1' })).toMatchObject({ code: 'expired' });
    expect(await refusal('acknowledge', { incident: 'i-2' })).toMatchObject({ code: 'not-found' });
  });
});

describe('approve and reject', () => {
  it('let an execution go on, or end it with its incident escalated', async () => {
    const { act, log } = await startAgent();
    log.note([incidentEffect('i-1'), startedEffect('x-1', 'waiting-approval', 'i-1')]);
    await act('approve', { execution: 'x-1' });
    expect(log.state.executions.get('x-1')?.state).toBe('running');
    expect(await act('approve', { execution: 'x-1' })).toMatchObject({ outcome: 'unchanged' });
    log.note([{ type: 'ExecutionMoved', execution: 'x-1', to: 'waiting-approval' }]);
    await act('reject', { execution: 'x-1', reason });
    expect(log.state.executions.get('x-1')).toMatchObject({ state: 'rejected', note: reason });
    expect(log.state.incidents.get('i-1')?.state).toBe('escalated');
  });

  it('decide only what waits', async () => {
    const { act, refusal, log } = await startAgent();
    log.note([startedEffect('x-1', 'waiting-approval')]);
    await act('reject', { execution: 'x-1', reason });
    expect(await act('reject', { execution: 'x-1', reason })).toMatchObject({ outcome: 'unchanged' });
    expect(await refusal('approve', { execution: 'x-1' })).toMatchObject({ code: 'expired' });
    expect(await refusal('approve', { execution: 'x-9' })).toMatchObject({ code: 'not-found' });
  });

  it.each(['runbook/stalled-partition', 'agent'])('are for people, not for %s', async (as) => {
    const { refusal, log } = await startAgent();
    log.note([startedEffect('x-1', 'waiting-approval')]);
    for (const [name, input] of [
      ['approve', { execution: 'x-1' }],
      ['reject', { execution: 'x-1', reason }],
      ['run-runbook', { runbook: RUNBOOK, target: 'source:orders' }],
    ] as const) {
      expect(await refusal(name, input, { as })).toMatchObject({ code: 'forbidden' });
    }
    expect(log.state.executions.get('x-1')?.state).toBe('waiting-approval');
  });
});

describe('run-runbook', () => {
  it('begins on an incident or a target, in the journal first', async () => {
    const { act, log } = await startAgent();
    log.note([incidentEffect('i-1')]);
    const { id = '', outcome } = await act('run-runbook', { runbook: RUNBOOK, incident: 'i-1' });
    expect(outcome).toBe('started');
    expect(log.state.executions.get(id)).toMatchObject({
      runbook: RUNBOOK,
      incident: 'i-1',
      state: 'running',
    });
    expect(log.state.incidents.get('i-1')?.execution).toBe(id);
  });

  it('begins once a cause', async () => {
    const { act, perform } = await startAgent();
    const outcomes = await Promise.all(
      [1, 2].map(() => perform('run-runbook', { runbook: RUNBOOK, target: 'source:orders' })),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['ok', 'refused']);
    await expect(act('run-runbook', { runbook: RUNBOOK, target: 'source:stores' })).rejects.toThrow(
      /conflict/,
    );
  });

  it.each([
    [{ runbook: RUNBOOK }, 'invalid'],
    [{ runbook: RUNBOOK, incident: 'i-1', target: 'source:orders' }, 'invalid'],
    [{ runbook: RUNBOOK, incident: 'i-9' }, 'not-found'],
    [{ runbook: RUNBOOK, target: 'source:order' }, 'not-found'],
    [{ runbook: 'reboot-all', target: 'source:orders' }, 'not-found'],
  ])('refuses %j', async (input, code) => {
    const { refusal, log } = await startAgent();
    expect(await refusal('run-runbook', input)).toMatchObject({ code });
    expect(log.state.head.seq).toBe(0);
  });
});
