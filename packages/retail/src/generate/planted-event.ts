/** What becomes of an event when the pipeline does what it promises. */
export type Fate = 'kept' | 'duplicate' | QuarantineCause;

/** Why an event cannot pass: the part before the colon of the reason that the pipeline gives. */
export const QUARANTINE_CAUSES = [
  /** Not a JSON object at all. */
  'unparseable',
  /** Its time lies ahead of the broker's clock. */
  'future-stamped',
  /** A required field is absent, null or empty, or came under another name. */
  'missing',
  /** A number came as words. */
  'invalid',
  /** A rule of the pipeline forbids it. */
  'rule',
] as const;
export type QuarantineCause = (typeof QUARANTINE_CAUSES)[number];

export interface PlantedEvent {
  readonly body: Buffer;
  readonly fate: Fate;
  /** Sent hours or days after it happened. */
  readonly late: boolean;
}

/** What a dataset must look like after everything was promoted: `rows` = `kept` + `duplicates` + Σ `quarantined`. */
export interface Expectation {
  readonly rows: number;
  readonly kept: number;
  readonly duplicates: number;
  readonly quarantined: Readonly<Record<QuarantineCause, number>>;
  /** Of them, sent hours or days after they happened. */
  readonly late: number;
}

export const NOTHING_EXPECTED: Expectation = {
  rows: 0,
  kept: 0,
  duplicates: 0,
  quarantined: { unparseable: 0, 'future-stamped': 0, missing: 0, invalid: 0, rule: 0 },
  late: 0,
};

export function expectationOf(events: Iterable<Omit<PlantedEvent, 'body'>>): Expectation {
  const tally = { ...NOTHING_EXPECTED, quarantined: { ...NOTHING_EXPECTED.quarantined } };
  for (const { fate, late } of events) {
    tally.rows += 1;
    if (late) tally.late += 1;
    if (fate === 'kept') tally.kept += 1;
    else if (fate === 'duplicate') tally.duplicates += 1;
    else tally.quarantined[fate] += 1;
  }
  return tally;
}

export function addExpectations(a: Expectation, b: Expectation): Expectation {
  const quarantined = QUARANTINE_CAUSES.map(
    (cause) => [cause, a.quarantined[cause] + b.quarantined[cause]] as const,
  );
  return {
    rows: a.rows + b.rows,
    kept: a.kept + b.kept,
    duplicates: a.duplicates + b.duplicates,
    quarantined: Object.fromEntries(quarantined) as Record<QuarantineCause, number>,
    late: a.late + b.late,
  };
}
