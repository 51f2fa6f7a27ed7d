import type { Execution } from '@lakewarden/contracts';
import type { ControlState } from '../policy/control-state.ts';
import { isExecutionOver } from '../policy/transitions.ts';
import {
  type ActionContext,
  type ActionDefinition,
  type DecideAction,
  type Decision,
  type Refused,
  refuse,
} from './action.ts';
import { findWork, notFound } from './find.ts';

export const acknowledge: ActionDefinition<'acknowledge'> =
  ({ incident: id }, { caller }) =>
  (state) => {
    const incident = state.incidents.get(id);
    if (incident === undefined) return notFound('incident', id, openIncidents(state));
    if (incident.state === 'resolved') {
      return refuse('expired', `incident ${id} is resolved`, 'There is nothing left to look after.');
    }
    if (incident.acknowledgedBy !== undefined) {
      return { kind: 'unchanged', message: `${incident.acknowledgedBy} looks after incident ${id}`, id };
    }
    return {
      kind: 'act',
      effects: [{ type: 'IncidentAcknowledged', incident: id, by: caller.id }],
      lines: [`the incident says that ${caller.id} looks after it`],
      message: `${caller.id} looks after incident ${id}: ${incident.title}`,
      id,
    };
  };

export const approve: ActionDefinition<'approve'> =
  ({ execution: id }, { caller, host }) =>
  (state) => {
    const refusal = whyNotByPeople(caller.id, 'approve');
    if (refusal !== undefined) return refusal;
    const execution = state.executions.get(id);
    if (execution === undefined) return notFound('execution', id, waiting(state));
    const afterwards = async () => {
      host.runbooks.approve(id, caller.id);
      return undefined;
    };
    if (execution.state === 'running' || execution.state === 'verifying') {
      return { kind: 'unchanged', message: `${id} is at work already`, id, afterwards };
    }
    if (execution.state !== 'waiting-approval') return whyOver(execution);
    return {
      kind: 'act',
      effects: [{ type: 'ExecutionMoved', execution: id, to: 'running', by: caller.id }],
      lines: stepsOf(execution),
      message: `${execution.runbook} goes on (${id})`,
      id,
      afterwards,
    };
  };

export const reject: ActionDefinition<'reject'> =
  ({ execution: id, reason }, { caller, host }) =>
  (state) => {
    const refusal = whyNotByPeople(caller.id, 'reject');
    if (refusal !== undefined) return refusal;
    const execution = state.executions.get(id);
    if (execution === undefined) return notFound('execution', id, waiting(state));
    const afterwards = async () => {
      host.runbooks.reject(id, caller.id, reason);
      return undefined;
    };
    if (execution.state === 'rejected') {
      return { kind: 'unchanged', message: `${id} is rejected already`, id, afterwards };
    }
    if (execution.state !== 'waiting-approval') return whyOver(execution);
    const note = `${caller.id} rejected runbook ${execution.runbook}: ${reason}`;
    const incident = state.incidents.get(execution.incident ?? '');
    const escalates = incident !== undefined && incident.state !== 'resolved';
    return {
      kind: 'act',
      effects: [
        { type: 'ExecutionMoved', execution: id, to: 'rejected', note: reason, by: caller.id },
        ...(escalates
          ? [{ type: 'IncidentMoved' as const, incident: incident.id, to: 'escalated' as const, note }]
          : []),
      ],
      lines: [
        `${execution.runbook} ends without doing more`,
        ...(escalates ? [`incident ${incident.id} escalates`] : []),
      ],
      message: `${execution.runbook} is rejected (${id})`,
      id,
      afterwards,
    };
  };

export const runRunbook: ActionDefinition<'run-runbook'> = (input, context) => {
  const refusal = whyNotByPeople(context.caller.id, 'run runbooks');
  if (refusal !== undefined) return () => refusal;
  const { runbook, incident, target } = input;
  if ((incident === undefined) === (target === undefined)) {
    return () => refuse('invalid', 'a runbook runs on an incident or on a target', 'Give one of the two.');
  }
  const work = target === undefined ? undefined : findWork(context.seen, target);
  if (work?.kind === 'refused') return () => work;
  return startExecution(context, {
    runbook,
    ...(incident && { incident }),
    ...(target && { target }),
  });
};

function startExecution(
  { host, caller, newId }: ActionContext,
  about: { readonly runbook: string; readonly incident?: string; readonly target?: string },
): DecideAction {
  const execution = `exec-${newId()}`;
  return (state) => {
    const refusal = whyNotOn(state, about.incident);
    if (refusal !== undefined) return refusal;
    const prepared = host.runbooks.prepare({ ...about, execution, by: caller.id });
    if (prepared.kind === 'refused') return prepared;
    const { started, steps } = prepared;
    const other = [...state.executions.values()].find(
      ({ cause, state: now }) => cause === started.cause && !isExecutionOver(now),
    );
    if (other !== undefined) {
      const message = `${other.runbook} is at work on ${started.cause} already (${other.id})`;
      return refuse('conflict', message, 'Wait until it ends, or reject it if it waits for approval.');
    }
    return {
      kind: 'act',
      effects: [started],
      lines: steps,
      message: `${about.runbook} is started (${execution})`,
      started: execution,
      async afterwards() {
        host.runbooks.carryOn(execution);
        return undefined;
      },
    };
  };
}

function whyNotOn(state: ControlState, incident: string | undefined): Refused | undefined {
  if (incident === undefined) return undefined;
  const found = state.incidents.get(incident);
  if (found === undefined) return notFound('incident', incident, openIncidents(state));
  if (found.state !== 'resolved') return undefined;
  return refuse(
    'expired',
    `incident ${incident} is resolved`,
    'Run it on a target instead, if it is still needed.',
  );
}

/** What a machine proposes, a person decides: a runbook cannot let itself or another one go on. */
function whyNotByPeople(actor: string, what: string): Refused | undefined {
  const isPerson = actor !== 'agent' && !actor.startsWith('runbook/');
  return isPerson ? undefined : refuse('forbidden', `${actor} may not ${what}`, 'A person has to.');
}

function whyOver({ id, state }: Execution): Decision {
  const message =
    state === 'running' || state === 'verifying' ? `${id} is at work` : `${id} has ended (${state})`;
  return refuse('expired', message, 'It does not wait for an answer any more.');
}

function stepsOf({ steps }: Execution): readonly string[] {
  return steps.filter(({ state }) => state === 'pending').map(({ id, action }) => `${id}: ${action}`);
}

function openIncidents(state: ControlState): readonly string[] {
  return [...state.incidents.values()]
    .filter((incident) => incident.state !== 'resolved')
    .map(({ id }) => id);
}

function waiting(state: ControlState): readonly string[] {
  return [...state.executions.values()]
    .filter(({ state: now }) => now === 'waiting-approval')
    .map(({ id }) => id);
}
