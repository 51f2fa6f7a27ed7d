import type { ActionName, ActionResult } from '@lakewarden/contracts';
import type { Decision, Refused } from './action.ts';

const LINES_MAX = 100;

/** What a decision says when nothing is written. */
export function rehearse(
  name: ActionName,
  decision: Decision,
): { readonly kind: 'ok'; readonly result: ActionResult } | Refused {
  switch (decision.kind) {
    case 'refused':
      return decision;
    case 'unchanged': {
      const { message, id } = decision;
      return ok({
        action: name,
        outcome: 'unchanged',
        message,
        effects: [],
        ...(id !== undefined && { id }),
      });
    }
    case 'planned': {
      const { plan, message, lines } = decision;
      return ok({ action: name, outcome: 'would', message, effects: bounded(lines), plan });
    }
    case 'act':
      return ok({
        action: name,
        outcome: 'would',
        message: `nothing has changed; it would be so: ${decision.message}`,
        effects: bounded(decision.lines),
      });
  }
}

export function ok(result: ActionResult) {
  return { kind: 'ok' as const, result };
}

export function bounded(lines: readonly string[]): string[] {
  const more = lines.length - LINES_MAX;
  return more > 0 ? [...lines.slice(0, LINES_MAX), `and ${more} more`] : [...lines];
}
