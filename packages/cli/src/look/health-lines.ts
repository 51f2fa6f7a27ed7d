import type {
  BreakerHealth,
  DatasetHealth,
  QuarantineReport,
  RunHealth,
  SliceHealth,
  TableRows,
} from '@lakewarden/contracts';
import { formatTable } from '../text-table.ts';
import { accountingText, countText, dueText, plural, roughSpanText, spanText, timeText } from '../words.ts';
import type { Items, View } from './view.ts';

/** Tables of datasets, slices, runs and what stands in their way; states have their one word. */

export function datasetsLines({ items }: Items<DatasetHealth>, { width }: View): readonly string[] {
  if (items.length === 0) return ['no datasets'];
  const rows = items.map((dataset) => [
    dataset.name,
    dataset.state,
    countText(dataset.rows),
    slicesText(dataset),
    dataset.behindMs === undefined ? '' : roughSpanText(dataset.behindMs),
    countText(dataset.quarantined),
    `${dataset.why}${dataset.flagged ? `${dataset.why === '' ? '' : ' · '}made from a pinned slice` : ''}`,
  ]);
  const header = ['dataset', 'state', 'rows', 'slices', 'behind', 'quarantined', 'why'];
  return [formatTable(header, rows, { whole: ['dataset'], width })];
}

export function datasetLines(dataset: DatasetHealth, { nowMs, suffix }: View): readonly string[] {
  const { accounting, frozen, paused, state, why } = dataset;
  const stopped = (stop: typeof frozen) =>
    stop === undefined
      ? undefined
      : `${stop.reason}${stop.by === undefined ? '' : ` · by ${stop.by}`}${untilText(stop.until, nowMs)}`;
  return [
    `${dataset.name}  ${state}${why === '' ? '' : ` · ${why}`}`,
    ...field(
      'rows',
      `${countText(dataset.rows)}${accounting === undefined ? '' : `   ${accountingText(accounting)}`}`,
    ),
    ...field('slices', slicesText(dataset)),
    ...field('quarantined', dataset.quarantined === 0 ? undefined : countText(dataset.quarantined)),
    ...field('version', dataset.version === undefined ? undefined : String(dataset.version)),
    ...field('built', dataset.updatedAt === undefined ? undefined : timeText(dataset.updatedAt, nowMs)),
    ...field('behind', behindText(dataset)),
    ...field('frozen', stopped(frozen)),
    ...field('paused', stopped(paused)),
    ...field('flagged', dataset.flagged ? 'made from a pinned slice' : undefined),
    ...field('source', dataset.source),
    ...field('reads', dataset.inputs.join(', ')),
    ...field('read by', dataset.readers.join(', ')),
    `→ lakewarden slices ${dataset.name}${state === 'failed' ? ' --state failed' : ''}${suffix}`,
  ];
}

function behindText({ behindMs, freshnessMs }: DatasetHealth): string | undefined {
  if (behindMs === undefined) return undefined;
  return `${spanText(behindMs)}${freshnessMs === undefined ? '' : ` (objective ${spanText(freshnessMs)})`}`;
}

function slicesText({ slices, counts }: DatasetHealth): string {
  const ill = Object.entries(counts).filter(
    ([state, count]) => state !== 'fresh' && state !== 'empty' && count > 0,
  );
  return [countText(slices), ...ill.map(([state, count]) => `${countText(count)} ${state}`)].join(' · ');
}

export function slicesLines({ items }: Items<SliceHealth>, { width, nowMs }: View): readonly string[] {
  if (items.length === 0) return ['no slices'];
  const rows = items.map((slice) => [
    slice.id,
    slice.state,
    countText(slice.rows),
    slice.accounting === undefined ? '' : accountingText(slice.accounting),
    timeText(slice.updatedAt, nowMs),
    whyText(slice, nowMs),
  ]);
  return [
    formatTable(['slice', 'state', 'rows', 'in → out', 'built', 'why'], rows, { whole: ['slice'], width }),
  ];
}

function whyText({ why, nextAttemptAt, pin }: SliceHealth, nowMs: number): string {
  return [
    ...(why === '' ? [] : [why]),
    ...(nextAttemptAt === undefined ? [] : [`retry ${dueText(nextAttemptAt, nowMs)}`]),
    ...(pin === undefined ? [] : [`${pin.by} ${pin.as}: ${pin.reason}`]),
  ].join(' · ');
}

export function sliceLines(slice: SliceHealth, { nowMs, suffix }: View): readonly string[] {
  const { accounting, pin } = slice;
  return [
    `${slice.id}  ${slice.state}${slice.why === '' ? '' : ` · ${slice.why}`}`,
    `  rows         ${countText(slice.rows)}${accounting === undefined ? '' : `   ${accountingText(accounting)}`}`,
    ...field('built', slice.updatedAt === undefined ? undefined : timeText(slice.updatedAt, nowMs)),
    ...field('run', slice.run),
    ...field('fingerprint', slice.fingerprint),
    ...field('attempts', slice.attempts === undefined ? undefined : String(slice.attempts)),
    ...field('next try', slice.nextAttemptAt === undefined ? undefined : dueText(slice.nextAttemptAt, nowMs)),
    ...field(
      'pin',
      pin === undefined ? undefined : `${pin.by} ${pin.as}: ${pin.reason}${untilText(pin.until, nowMs)}`,
    ),
    ...field('backfill', slice.backfill),
    `→ lakewarden ${nextOf(slice)}${suffix}`,
  ];
}

function nextOf({ id, state, pin }: SliceHealth): string {
  if (state === 'failed') return `retry ${id}`;
  return pin === undefined ? `blame ${id}` : `release ${id}`;
}

export function untilText(until: string | undefined, nowMs: number): string {
  return until === undefined ? '' : ` (until ${timeText(until, nowMs)})`;
}

export function field(name: string, text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : [`  ${name.padEnd(12)} ${text}`];
}

export function runsLines({ items }: Items<RunHealth>, { width, nowMs }: View): readonly string[] {
  if (items.length === 0) return ['no runs'];
  const rows = items.map((run) => [
    run.id,
    run.dataset,
    run.state,
    countText(run.sliceCount),
    run.rows === undefined ? '' : countText(run.rows),
    run.durationMs === undefined ? '' : spanText(run.durationMs),
    timeText(run.startedAt, nowMs),
    run.engine,
    [
      ...(run.error === undefined ? [] : [run.error]),
      ...(run.backfill === undefined ? [] : [`backfill ${run.backfill}`]),
    ].join(' · '),
  ]);
  const header = ['run', 'dataset', 'state', 'slices', 'rows', 'took', 'started', 'engine', 'why'];
  return [formatTable(header, rows, { whole: ['run', 'dataset'], width })];
}

/** One run in one line, for a log. */
export function runLine(run: RunHealth): string {
  const slices = run.sliceCount === 1 ? (run.slices[0] ?? '') : `×${countText(run.sliceCount)}`;
  const took = run.durationMs === undefined ? [] : [spanText(run.durationMs)];
  const rows = run.rows === undefined ? [] : [plural(run.rows, 'row')];
  const error = run.error === undefined ? [] : [run.error];
  return [`run ${run.id}  ${run.dataset} ${slices}`, run.state, ...rows, ...took, ...error].join(' · ');
}

export function breakersLines(
  { breakers }: { readonly breakers: readonly BreakerHealth[] },
  { width, nowMs }: View,
): readonly string[] {
  if (breakers.length === 0) return ['no dependencies yet'];
  const rows = breakers.map((breaker) => [
    breaker.dependency,
    breaker.state,
    timeText(breaker.since, nowMs),
    countText(breaker.calls),
    countText(breaker.failures),
    countText(breaker.retries),
    countText(breaker.parkedCalls),
    breaker.nextProbeAt === undefined ? '' : dueText(breaker.nextProbeAt, nowMs),
    breaker.lastError ?? '',
  ]);
  const header = [
    'dependency',
    'state',
    'since',
    'calls',
    'failed',
    'retries',
    'parked',
    'next probe',
    'last error',
  ];
  return [formatTable(header, rows, { whole: ['dependency'], width })];
}

export function quarantineLines(report: QuarantineReport, { width, suffix }: View): readonly string[] {
  if (report.rows === 0) return [`${report.dataset}: nothing in quarantine`];
  const rows = report.reasons.map(({ reason, rows: count, firstSlice, lastSlice }) => [
    reason,
    countText(count),
    firstSlice === lastSlice ? firstSlice : `${firstSlice} … ${lastSlice}`,
  ]);
  return [
    `${report.dataset}: ${plural(report.rows, 'row')} in quarantine`,
    formatTable(['reason', 'rows', 'slices'], rows, { width }),
    `→ lakewarden rows ${report.dataset} --of quarantine${suffix}`,
  ];
}

export function rowsLines(answer: TableRows, { width }: View): readonly string[] {
  const table = formatTable(
    answer.columns.map(({ name }) => name),
    answer.rows,
    { width },
  );
  return [
    table,
    ...(answer.truncated ? [`the first ${plural(answer.rows.length, 'row')} only · give --limit`] : []),
  ];
}
