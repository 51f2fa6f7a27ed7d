/** One thing that the doctor looked at. */
export interface Check {
  readonly name: string;
  /** `skipped`: it could not be looked at, because of something that another check names, or does not apply here. */
  readonly state: 'ok' | 'problem' | 'skipped';
  /** What was found. */
  readonly found: string;
  /** What to do; only of a problem. */
  readonly remedy?: string;
}

export function ok(name: string, found: string): Check {
  return { name, state: 'ok', found };
}

export function problem(name: string, found: string, remedy: string): Check {
  return { name, state: 'problem', found, remedy };
}

export function skipped(name: string, found: string): Check {
  return { name, state: 'skipped', found };
}
