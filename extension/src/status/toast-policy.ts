import type { NotificationLevel } from '../manifest/settings.ts';
import type { IncidentMove } from '../models/lake-model.ts';

const TOLD_MAX = 500;

/**
 * Which incidents are told by a toast: each at most once, when it opens or is escalated, never because we have just
 * connected. What was told is remembered, so that a window that is loaded again does not repeat it.
 */
export class ToastPolicy {
  readonly #told: Set<string>;

  constructor(told: readonly string[]) {
    this.#told = new Set(told);
  }

  /** Ids, oldest first. */
  get told(): readonly string[] {
    return [...this.#told];
  }

  shouldTell({ incident, before }: IncidentMove, level: NotificationLevel): boolean {
    const { id, state, severity, acknowledgedBy } = incident;
    if (level === 'off' || state === before || acknowledgedBy !== undefined || this.#told.has(id))
      return false;
    const isEscalation = state === 'escalated';
    const isOpening = before === undefined && state !== 'resolved';
    const isWanted = isEscalation || (isOpening && (level === 'all' || severity === 'critical'));
    if (!isWanted) return false;
    this.#told.add(id);
    const [oldest] = this.#told;
    if (this.#told.size > TOLD_MAX && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }
}
