import type { Actions } from '@lakewarden/core';
import type { PerformAction } from '../api/api-options.ts';

/** The catalogue's actions as the API calls them. `actions` are undefined until the control log has been read. */
export function performActions(actions: () => Actions | undefined): PerformAction {
  return async (name, { input, dryRun, idempotencyKey }, principal, signal) => {
    const ready = actions();
    if (ready === undefined) {
      const message = 'the agent has not read its control log yet';
      return { kind: 'refused', code: 'unavailable', message, remedy: 'Try again in a few seconds.' };
    }
    const caller = { principal, ...(idempotencyKey !== undefined && { idempotencyKey }) };
    const outcome = await ready.perform(name, { input, dryRun }, caller, signal);
    if (outcome.kind === 'ok') return outcome;
    const { code, message, remedy } = outcome;
    return { kind: 'refused', code, message, remedy };
  };
}
