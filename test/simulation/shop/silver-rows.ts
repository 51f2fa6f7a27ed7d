import type { SilverDataset } from '@lakewarden/compute';
import { coarsen, type Grain, sliceAt } from '@lakewarden/contracts';
import type { Row, Rows } from '../ports/data-files.ts';
import { HUGE_CENTS_MIN, STRICT_RULE } from './pipeline.ts';

/** What clean makes of one slice: each bronze row is in exactly one of the three. */
export interface CleanedSlice {
  readonly silver: Row[];
  readonly quarantine: Row[];
  readonly duplicates: Row[];
}

/** A bronze row of the shop, as landing writes it. */
export interface StreamRow extends Row {
  readonly generation: string;
  readonly partition: number;
  readonly sequence: number;
  readonly enqueuedMs: number;
  readonly eventMs: number;
  readonly body: string;
}

const FUTURE_MS_MIN = 10 * 60_000;

/** The event time of a body: its `ordered_at`, or when it was enqueued. */
export function eventTimeOf(body: string, enqueuedMs: number, field: string | undefined): number {
  const value = field === undefined ? undefined : parse(body)?.[field];
  const instant = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(instant) ? instant : enqueuedMs;
}

const HOURS = new WeakMap<Row, string>();

/** Which silver slice a bronze row belongs to; one that is stamped in the future goes by its enqueued time. */
export function silverSliceOf(row: Row, grain: Grain): string {
  if (typeof row.window === 'string') return row.window;
  const known = HOURS.get(row);
  if (known !== undefined) return coarsen(known, grain) ?? known;
  const { enqueuedMs, eventMs } = row as StreamRow;
  HOURS.set(row, sliceAt('hour', eventMs > enqueuedMs + FUTURE_MS_MIN ? enqueuedMs : eventMs));
  return silverSliceOf(row, grain);
}

/** `rows`: of any slices; those of others are passed over. */
export function cleanRows(
  step: SilverDataset,
  rows: Rows,
  slices: readonly string[],
): ReadonlyMap<string, CleanedSlice> {
  const cleaned = new Map<string, CleanedSlice>();
  for (const slice of slices) cleaned.set(slice, { silver: [], quarantine: [], duplicates: [] });
  const valid = new Map<string, Candidate[]>();
  for (const row of rows) {
    const slice = silverSliceOf(row, step.grain);
    const target = cleaned.get(slice);
    if (target === undefined) continue;
    const judged = judge(step, row);
    if ('reason' in judged) target.quarantine.push({ ...coordinatesOf(row), reason: judged.reason });
    else if (step.key === undefined) target.silver.push(judged.row);
    else {
      const key = `${slice}/${step.key.columns.map((column) => judged.row[column]).join('/')}`;
      const rivals = valid.get(key) ?? [];
      rivals.push({ slice, row: judged.row, at: coordinatesOf(row) });
      valid.set(key, rivals);
    }
  }
  for (const rivals of valid.values()) {
    const [winner, ...losers] = rivals.sort(byRank);
    if (winner === undefined) continue;
    const target = cleaned.get(winner.slice);
    target?.silver.push(winner.row);
    for (const loser of losers) target?.duplicates.push(loser.at);
  }
  return cleaned;
}

interface Candidate {
  readonly slice: string;
  readonly row: Row;
  readonly at: Row;
}

/** Newest version first, then the row's own content, then its coordinates. */
function byRank(a: Candidate, b: Candidate): number {
  const versions = Number(b.row.version ?? 0) - Number(a.row.version ?? 0);
  return versions || compare(canonical(a.row), canonical(b.row)) || compare(canonical(a.at), canonical(b.at));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function canonical(row: Row): string {
  return JSON.stringify(row);
}

function judge(step: SilverDataset, row: Row): { readonly row: Row } | { readonly reason: string } {
  const body = parse(String(row.body));
  if (body === undefined) return { reason: 'unparseable' };
  const typed: Record<string, string | number> = {};
  for (const { name, type } of step.columns) {
    const value = body[name];
    if (value === undefined || value === null || value === '') return { reason: `missing ${name}` };
    const fits =
      type === 'long'
        ? Number.isSafeInteger(value)
        : typeof value === 'string' && (type !== 'timestamp' || !Number.isNaN(Date.parse(value)));
    if (!fits) return { reason: `type of ${name}` };
    typed[name] = value as string | number;
  }
  const cents = Number(typed.cents ?? 0);
  if (cents < 0) return { reason: 'cents_not_negative' };
  const isStrict = step.rules.some(({ name }) => name === STRICT_RULE);
  return isStrict && cents >= HUGE_CENTS_MIN ? { reason: STRICT_RULE } : { row: typed };
}

const PARSED = new Map<string, Record<string, unknown> | undefined>();
const PARSED_MAX = 20_000;

/** A slice is built again and again from the same bodies. */
function parse(body: string): Record<string, unknown> | undefined {
  if (PARSED.has(body)) return PARSED.get(body);
  if (PARSED.size >= PARSED_MAX) PARSED.clear();
  const parsed = parseObject(body);
  PARSED.set(body, parsed);
  return parsed;
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function coordinatesOf(row: Row): Row {
  return typeof row.window === 'string'
    ? { file: row.file ?? '', row: row.row ?? 0 }
    : { generation: row.generation ?? '', partition: row.partition ?? 0, sequence: row.sequence ?? 0 };
}
