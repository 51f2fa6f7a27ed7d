import type { Runbook, Signal } from '@lakewarden/contracts';
import { matchesGlob } from './glob.ts';

export function matches({ match }: Runbook, signal: Signal): boolean {
  const { kinds, severity, targets, alertRule, resourceTypes } = match;
  if (!kinds.includes(signal.kind)) return false;
  if (severity !== undefined && !severity.includes(signal.severity)) return false;
  if (targets?.every((glob) => !signal.targets.some((target) => matchesGlob(glob, target)))) return false;
  if (signal.kind !== 'alert') return true;
  const { rule, resourceType } = signal.evidence;
  if (alertRule !== undefined && !matchesGlob(alertRule, String(rule))) return false;
  return resourceTypes?.some((glob) => matchesGlob(glob, String(resourceType))) ?? true;
}

/** The one that says most about what it matches; of equals the first by name. */
export function findRunbook<R extends Runbook>(runbooks: Iterable<R>, signal: Signal): R | undefined {
  const candidates = [...runbooks].filter((runbook) => matches(runbook, signal));
  return candidates.sort((a, b) => precision(b) - precision(a) || (a.name < b.name ? -1 : 1))[0];
}

function precision({ match }: Runbook): number {
  return [match.severity, match.targets, match.alertRule, match.resourceTypes].filter(Boolean).length;
}
