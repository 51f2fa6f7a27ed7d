import type { ReportedSlice } from './messages.ts';

export type CalendarGrain = 'hour' | 'day' | 'month' | 'all';

/** Cells by rows and columns; a hole is a time without a slice. A block is a year of days, a month of hours, or all there is. */
export interface Calendar {
  readonly grain: CalendarGrain;
  readonly blocks: readonly CalendarBlock[];
  /** Slices that are older than what is shown. */
  readonly older: number;
}

export interface CalendarBlock {
  readonly title: string;
  /** `name` for the ear, `mark` for the eye where there is room for one. */
  readonly columns: readonly { readonly name: string; readonly mark: string }[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly CalendarCell[] }[];
}

export interface CalendarCell {
  /** Key of its time, whether or not there is a slice; empty where the block has no such time. */
  readonly key: string;
  readonly slice?: ReportedSlice | undefined;
  /** 0 for no rows, 1 to 4 by quarters of the slices that have some. */
  readonly level: number;
}

/** Blocks that are shown at most, newest last. */
const BLOCKS_MAX = { hour: 3, day: 4, month: 1, all: 1 } as const;
const YEARS_MAX = 20;
const DAY_MS = 86_400_000;
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const NOTHING: CalendarCell = { key: '', level: 0 };

/** Keys that are no time (and not `all`) are left out. All times are UTC. */
export function calendarOf(slices: readonly ReportedSlice[]): Calendar {
  const grain = grainOf(slices);
  const own = new Map(slices.filter(({ key }) => keyGrain(key) === grain).map((slice) => [slice.key, slice]));
  const cellOf = cellsBy(own);
  const keys = [...own.keys()].sort();
  const groups = [...new Set(keys.map((key) => key.slice(0, BLOCK_CHARS[grain])))];
  const shown = groups.slice(-BLOCKS_MAX[grain]);
  const blocks = trimmed(shown.map((group) => BLOCKS[grain](group, keys, cellOf)));
  const seen = blocks.flatMap(({ rows }) => rows).flatMap(({ cells }) => cells.filter(({ slice }) => slice));
  return { grain, blocks, older: own.size - seen.length };
}

/** Without the columns before the first slice of all, and after the last. */
function trimmed(blocks: readonly CalendarBlock[]): readonly CalendarBlock[] {
  return blocks.map((block, at) => {
    const isUsed = block.columns.map((_, column) => block.rows.some(({ cells }) => cells[column]?.slice));
    const start = at === 0 ? Math.max(0, isUsed.indexOf(true)) : 0;
    const end = at === blocks.length - 1 ? isUsed.lastIndexOf(true) + 1 : isUsed.length;
    return {
      ...block,
      columns: block.columns.slice(start, end),
      rows: block.rows.map(({ name, cells }) => ({ name, cells: cells.slice(start, end) })),
    };
  });
}

/** Characters of a key that say which block it is in. */
const BLOCK_CHARS = { hour: 7, day: 4, month: 0, all: 0 } as const;
type CellOf = (key: string) => CalendarCell;
const BLOCKS: Readonly<
  Record<CalendarGrain, (group: string, keys: readonly string[], cellOf: CellOf) => CalendarBlock>
> = {
  hour: monthOfHours,
  day: yearOfDays,
  month: yearsOfMonths,
  all: (_, __, cellOf) => ({
    title: 'All time',
    columns: [{ name: 'all', mark: 'all' }],
    rows: [{ name: 'all', cells: [cellOf('all')] }],
  }),
};

/** Start of a slice, in milliseconds since 1970; undefined for `all` and for what is no time. */
export function keyTimeMs(key: string): number | undefined {
  const full = keyGrain(key) === 'hour' ? `${key}:00Z` : keyGrain(key) === 'month' ? `${key}-01` : key;
  const ms = key === 'all' ? Number.NaN : Date.parse(full);
  return Number.isNaN(ms) ? undefined : ms;
}

function keyGrain(key: string): CalendarGrain | undefined {
  if (/^\d{4}-\d\d-\d\dT\d\d$/.test(key)) return 'hour';
  if (/^\d{4}-\d\d-\d\d$/.test(key)) return 'day';
  if (/^\d{4}-\d\d$/.test(key)) return 'month';
  return key === 'all' ? 'all' : undefined;
}

function grainOf(slices: readonly ReportedSlice[]): CalendarGrain {
  for (const { key } of slices) {
    const grain = keyGrain(key);
    if (grain !== undefined) return grain;
  }
  return 'all';
}

function cellsBy(own: ReadonlyMap<string, ReportedSlice>): CellOf {
  const sizes = [...own.values()]
    .map(({ rows }) => rows)
    .filter((rows) => rows > 0)
    .sort((a, b) => a - b);
  const levelOf = (rows: number) => {
    if (rows <= 0) return 0;
    const below = sizes.findIndex((size) => size >= rows);
    return 1 + Math.min(3, Math.floor((4 * below) / sizes.length));
  };
  return (key) => {
    const slice = own.get(key);
    return { key, level: slice === undefined ? 0 : levelOf(slice.rows), ...(slice && { slice }) };
  };
}

/** Weekdays down, weeks across, as wall calendars of a year are. */
function yearOfDays(year: string, _keys: readonly string[], cellOf: CellOf): CalendarBlock {
  const first = Date.parse(`${year}-01-01`);
  const monday = first - weekday(first) * DAY_MS;
  const weeks = Math.ceil((Date.parse(`${Number(year) + 1}-01-01`) - monday) / (7 * DAY_MS));
  const keyAt = (week: number, day: number) => isoDay(monday + (7 * week + day) * DAY_MS);
  return {
    title: year,
    columns: Array.from({ length: weeks }, (_, week) => {
      const days = Array.from({ length: 7 }, (__, day) => keyAt(week, day));
      const starts = days.find((key) => key.startsWith(year) && key.endsWith('-01'));
      const name = `week of ${days[0]}`;
      return { name, mark: starts === undefined ? '' : (MONTHS[Number(starts.slice(5, 7)) - 1] ?? '') };
    }),
    rows: WEEKDAYS.map((name, day) => ({
      name,
      cells: Array.from({ length: weeks }, (_, week) => {
        const key = keyAt(week, day);
        return key.startsWith(year) ? cellOf(key) : NOTHING;
      }),
    })),
  };
}

function monthOfHours(month: string, keys: readonly string[], cellOf: CellOf): CalendarBlock {
  const days = [...new Set(keys.filter((key) => key.startsWith(month)).map((key) => key.slice(0, 10)))];
  const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));
  return {
    title: month,
    columns: hours.map((hour) => ({ name: `${hour}:00`, mark: hour })),
    rows: days.map((day) => ({ name: day, cells: hours.map((hour) => cellOf(`${day}T${hour}`)) })),
  };
}

function yearsOfMonths(_: string, keys: readonly string[], cellOf: CellOf): CalendarBlock {
  const years = [...new Set(keys.map((key) => key.slice(0, 4)))].slice(-YEARS_MAX);
  return {
    title: years.length < 2 ? (years[0] ?? '') : `${years[0]} to ${years.at(-1)}`,
    columns: MONTHS.map((mark) => ({ name: mark, mark })),
    rows: years.map((name) => ({
      name,
      cells: MONTHS.map((__, month) => cellOf(`${name}-${String(month + 1).padStart(2, '0')}`)),
    })),
  };
}

/** 0 is Monday. */
function weekday(ms: number): number {
  return (new Date(ms).getUTCDay() + 6) % 7;
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
