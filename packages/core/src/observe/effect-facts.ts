import type { ControlEffect } from '@lakewarden/contracts';
import type { Fact } from '../facts.ts';

/** What the log and the metrics are told of an effect that watching or recovering noted. */
export function factOf(effect: ControlEffect): Fact | undefined {
  switch (effect.type) {
    case 'IncidentOpened': {
      const { cause, severity, title } = effect.signal;
      return { type: 'IncidentOpened', incident: effect.incident, cause, severity, title };
    }
    case 'IncidentMoved':
      return { type: 'IncidentMoved', incident: effect.incident, to: effect.to, note: effect.note };
    case 'ExecutionStarted': {
      const { execution, runbook, incident, state } = effect;
      return { type: 'RunbookStarted', execution, runbook, incident, state };
    }
    case 'StepMoved': {
      const { execution, step, to, note } = effect;
      return { type: 'RunbookStepMoved', execution, step, to, note };
    }
    case 'ExecutionMoved':
      return { type: 'RunbookMoved', execution: effect.execution, to: effect.to, note: effect.note };
    default:
      return undefined;
  }
}
