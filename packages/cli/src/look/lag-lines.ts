import type { SourceLag } from '@lakewarden/contracts';
import { formatTable } from '../text-table.ts';
import { countText, dueText, plural, spanText } from '../words.ts';
import { untilText } from './health-lines.ts';
import type { View } from './view.ts';

export interface Lags {
  readonly sources: readonly SourceLag[];
}

/** Sources and, below a hub, the partitions that are worth a line: all of a small one, the odd ones of a large one. */
export function lagLines({ sources }: Lags, { width, nowMs }: View): readonly string[] {
  if (sources.length === 0) return ['no sources'];
  const rows = sources.flatMap((source) => [sourceRow(source, nowMs), ...partitionRows(source)]);
  const header = ['source', 'state', 'lag', 'behind', 'at', 'next', 'why'];
  return [formatTable(header, rows, { whole: ['source'], width })];
}

/** `orders lag 312 events, 4 s`, for a log. */
export function lagLine({ source, state, events, seconds, window }: SourceLag): string {
  if (window !== undefined) return `${source} window ${window.key} ${window.state}`;
  const lag = events === 0 ? 'lag 0' : `lag ${plural(events, 'event')}, ${spanText(seconds * 1_000)}`;
  return `${source} ${state} · ${lag}`;
}

const PARTITIONS_ALL_MAX = 8;
const PARTITIONS_SHOWN_MAX = 32;

function sourceRow(lag: SourceLag, nowMs: number): readonly string[] {
  const { source, kind, state, events, seconds, window, nextAt, why, paused } = lag;
  const isHub = kind === 'event-hub';
  return [
    `${isHub ? 'hub' : 'adf'} ${source}`,
    state,
    isHub ? countText(events) : '',
    isHub ? spanText(seconds * 1_000) : '',
    window === undefined
      ? isHub
        ? plural(lag.partitions.length, 'partition')
        : ''
      : `window ${window.key} ${window.state}${window.rows === undefined ? '' : ` ${plural(window.rows, 'row')}`}`,
    nextAt === undefined ? '' : dueText(nextAt, nowMs),
    paused === undefined ? why : `paused: ${paused.reason}${untilText(paused.until, nowMs)}`,
  ];
}

function partitionRows({ partitions }: SourceLag): readonly (readonly string[])[] {
  const odd = partitions.filter(({ state, events }) => state !== 'ok' || events > 0);
  const worth = partitions.length <= PARTITIONS_ALL_MAX ? partitions : odd;
  return worth
    .slice(0, PARTITIONS_SHOWN_MAX)
    .map(({ partition, state, events, seconds, checkpoint, last }) => [
      `  partition ${partition}`,
      state,
      countText(events),
      spanText(seconds * 1_000),
      last === undefined ? 'never written' : `${checkpoint ?? 'none'} of ${last}`,
      '',
      '',
    ]);
}
