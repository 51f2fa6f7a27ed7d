import { EXECUTION_STATES, INCIDENT_STATES } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { INCIDENT_TRANSITIONS } from '../observe/incident-states.ts';
import { isExecutionOver, mayExecutionMove, mayIncidentMove, mayStepMove } from './transitions.ts';

const STEP_STATES = ['pending', 'running', 'done', 'skipped', 'failed', 'undone'] as const;

function table<State extends string>(states: readonly State[], may: (from: State, to: State) => boolean) {
  return Object.fromEntries(
    states.map((from) => [from, states.filter((to) => to !== from && may(from, to))]),
  );
}

describe('moves of incidents, executions and steps', () => {
  it('are these and no others', () => {
    expect(table(INCIDENT_STATES, mayIncidentMove)).toEqual({
      open: ['recovering', 'verifying', 'resolved', 'escalated'],
      recovering: ['verifying', 'resolved', 'escalated'],
      verifying: ['open', 'recovering', 'resolved', 'escalated'],
      resolved: ['open', 'escalated'],
      escalated: ['recovering', 'verifying', 'resolved'],
    });
    expect(table(EXECUTION_STATES, mayExecutionMove)).toEqual({
      'waiting-approval': ['running', 'verifying', 'rolled-back', 'escalated', 'rejected'],
      running: ['waiting-approval', 'verifying', 'succeeded', 'rolled-back', 'escalated', 'rejected'],
      verifying: ['running', 'succeeded', 'rolled-back', 'escalated'],
      succeeded: [],
      'rolled-back': ['escalated'],
      escalated: [],
      rejected: [],
      shadowed: [],
    });
    expect(table(STEP_STATES, mayStepMove)).toEqual({
      pending: ['running', 'done', 'skipped', 'failed'],
      running: ['done', 'skipped', 'failed', 'undone'],
      done: ['undone'],
      skipped: [],
      failed: ['running', 'done', 'undone'],
      undone: [],
    });
  });

  it('allow each move that the watch over incidents makes', () => {
    for (const from of INCIDENT_STATES) {
      for (const to of Object.values(INCIDENT_TRANSITIONS[from])) {
        expect(mayIncidentMove(from, to), `${from} to ${to}`).toBe(true);
      }
    }
  });

  it('allow to stay, which is how a repeated note changes nothing', () => {
    for (const state of INCIDENT_STATES) expect(mayIncidentMove(state, state)).toBe(true);
    for (const state of EXECUTION_STATES) expect(mayExecutionMove(state, state)).toBe(true);
    for (const state of STEP_STATES) expect(mayStepMove(state, state)).toBe(true);
  });

  it('leave no execution in a state that neither ends nor goes on', () => {
    for (const state of EXECUTION_STATES) {
      const onwards = EXECUTION_STATES.filter((to) => to !== state && mayExecutionMove(state, to));
      expect(isExecutionOver(state) || onwards.length > 0, state).toBe(true);
    }
  });
});
