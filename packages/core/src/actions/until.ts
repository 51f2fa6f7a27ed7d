import { type ActionContext, type Refused, refuse } from './action.ts';

export function whyUntilIsPast(
  { nowMs }: Pick<ActionContext, 'nowMs'>,
  until: string | undefined,
): Refused | undefined {
  if (until === undefined || Date.parse(until) > nowMs) return undefined;
  const now = new Date(nowMs).toISOString();
  return refuse(
    'expired',
    `${until} is past: it is ${now} by the agent's clock`,
    'Give a later time, or leave it out.',
  );
}

export function isActive(stop: { readonly until?: string } | undefined, nowMs: number): boolean {
  return stop !== undefined && (stop.until === undefined || Date.parse(stop.until) > nowMs);
}

export function isSameUntil(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Date.parse(a) === Date.parse(b));
}

export function textOfUntil(until: string | undefined): string {
  return until === undefined ? '' : ` until ${until}`;
}
