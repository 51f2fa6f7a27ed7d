/** Numbers, times and rows as people read them: the same in tree, tooltips and pages, and as the CLI says them. */

const COUNT = new Intl.NumberFormat('en-US');

export function countText(value: number): string {
  return COUNT.format(value);
}

/** `1 row`, `1,716 rows`. */
export function plural(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? '' : 's'}`;
}

const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** For axes and narrow places: `542K`, `1.2M`. */
export function compactText(value: number): string {
  return COMPACT.format(value);
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Two units at most: `0.2 s`, `42 s`, `4 min 12 s`, `3 h 5 min`, `12 d 4 h`. */
export function spanText(ms: number): string {
  if (ms < 10 * SECOND_MS) return `${(Math.max(0, ms) / SECOND_MS).toFixed(1).replace(/\.0$/, '')} s`;
  if (ms < MINUTE_MS - SECOND_MS / 2) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return twoUnits(Math.round(ms / SECOND_MS), 60, 'min', 's');
  if (ms < 2 * DAY_MS) return twoUnits(Math.round(ms / MINUTE_MS), 60, 'h', 'min');
  return twoUnits(Math.round(ms / HOUR_MS), 24, 'd', 'h');
}

function twoUnits(small: number, inLarge: number, large: string, unit: string): string {
  const rest = small % inLarge;
  const whole = `${Math.floor(small / inLarge)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}

/** The larger unit alone: `3 min`. */
export function roughSpanText(ms: number): string {
  return spanText(ms).split(' ').slice(0, 2).join(' ');
}

/** `3 min behind`. */
export function behindText(behindMs: number): string {
  return `${roughSpanText(behindMs)} behind`;
}

/** `14:06:12` of today, `2026-11-21 14:06` of another day; always UTC. */
export function timeText(iso: string | undefined, nowMs: number): string {
  const ms = Date.parse(iso ?? '');
  if (Number.isNaN(ms)) return iso ?? '';
  const text = new Date(ms).toISOString();
  const today = new Date(nowMs).toISOString().slice(0, 10);
  return text.startsWith(today) ? text.slice(11, 19) : text.slice(0, 16).replace('T', ' ');
}

/** `in 4 min 12 s`, `now`, or `3 min ago`. */
export function whenText(iso: string, nowMs: number): string {
  const ms = Date.parse(iso) - nowMs;
  if (Number.isNaN(ms)) return iso;
  if (Math.abs(ms) < SECOND_MS) return 'now';
  return ms > 0 ? `in ${spanText(ms)}` : `${roughSpanText(-ms)} ago`;
}

/** `in 4 min 12 s`; `now` for what is due or over. */
export function dueText(iso: string, nowMs: number): string {
  return whenText(iso, Math.min(nowMs, Date.parse(iso)));
}

/** Rows of a step: in = out + quarantined + duplicates. */
export interface Rows {
  readonly in: number;
  readonly out: number;
  readonly quarantined: number;
  readonly duplicates: number;
}

/** `541,909 → 535,185 · 1,456 q · 5,268 d`, what did not pass only where there is some. */
export function accountingText(rows: Rows): string {
  return [passedText(rows), ...leftText(rows)].join(' · ');
}

/** `541,909 → 535,185`. */
export function passedText(rows: Rows): string {
  return `${countText(rows.in)} → ${countText(rows.out)}`;
}

/** `1,456 q`, `5,268 d`: what did not pass, where there is some. */
export function leftText(rows: Rows): readonly string[] {
  return [
    ...(rows.quarantined > 0 ? [`${countText(rows.quarantined)} q`] : []),
    ...(rows.duplicates > 0 ? [`${countText(rows.duplicates)} d`] : []),
  ];
}

/** `2,412 = 2,380 + 4 q + 28 d`, every term named. */
export function equationText(rows: Rows): string {
  return `${countText(rows.in)} = ${countText(rows.out)} + ${countText(rows.quarantined)} q + ${countText(rows.duplicates)} d`;
}

/** For the ear: `541,909 rows in, 535,185 out, 1,456 quarantined, 5,268 duplicates`. */
export function accountingAloud(rows: Rows): string {
  const parts = [`${plural(rows.in, 'row')} in`, `${countText(rows.out)} out`];
  if (rows.quarantined > 0) parts.push(`${countText(rows.quarantined)} quarantined`);
  if (rows.duplicates > 0) parts.push(plural(rows.duplicates, 'duplicate'));
  return parts.join(', ');
}

/** `fresh 41 · failed 1`: counts by state, in the order given. */
export function countsText<State extends string>(
  counts: Readonly<Partial<Record<State, number>>>,
  order: readonly State[],
): string {
  return order
    .flatMap((state) => {
      const count = counts[state] ?? 0;
      return count > 0 ? [`${state} ${countText(count)}`] : [];
    })
    .join(' · ');
}

/** `7c1e…a4`: enough to tell hashes apart. */
export function hashText(hash: string): string {
  return hash.length <= 8 ? hash : `${hash.slice(0, 4)}…${hash.slice(-2)}`;
}
