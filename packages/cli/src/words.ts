/** Numbers and times as people read them, the same in every verb. */

export function countText(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+(?!\d))/g, ',');
}

export function plural(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? '' : 's'}`;
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

/** `7c1e…a4`: enough to tell hashes apart. */
export function hashText(hash: string): string {
  return hash.length <= 8 ? hash : `${hash.slice(0, 4)}…${hash.slice(-2)}`;
}

/** `541,909 → 535,185 · 1,456 q · 5,268 d`, what did not pass only where there is some. */
export function accountingText(rows: {
  readonly in: number;
  readonly out: number;
  readonly quarantined: number;
  readonly duplicates: number;
}): string {
  const left = [
    ...(rows.quarantined > 0 ? [`${countText(rows.quarantined)} q`] : []),
    ...(rows.duplicates > 0 ? [`${countText(rows.duplicates)} d`] : []),
  ];
  return [`${countText(rows.in)} → ${countText(rows.out)}`, ...left].join(' · ');
}

/** As a shell takes it. */
export function quoted(text: string): string {
  return /^[\w./~+=:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
