/** What one query may cost: the evaluation runs on the thread of all services. */

/** Nodes evaluated and cells moved; about half a second. */
const STEPS_MAX = 20_000_000;
/** Text made by strcat. */
const CHARACTERS_MAX = 64_000_000;

export interface Work {
  /** The same `now()` for the whole query. */
  readonly nowMs: number;
  steps: number;
  characters: number;
}

/** The query would cost more than it may. */
export class TooExpensive extends Error {}

export function newWork(nowMs: number): Work {
  return { nowMs, steps: 0, characters: 0 };
}

export function spend(work: Work, what: 'steps' | 'characters', amount: number): void {
  work[what] += amount;
  if (work.steps > STEPS_MAX) throw new TooExpensive(`the query takes more than ${STEPS_MAX} steps`);
  if (work.characters > CHARACTERS_MAX)
    throw new TooExpensive(`the query makes more than ${CHARACTERS_MAX} characters of text`);
}
