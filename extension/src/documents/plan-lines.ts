import type { Plan, PlannedSlice } from '@lakewarden/contracts';
import { LINE_CHARS_MAX, plainText } from '../../shared/plain-text.ts';
import { countText, hashText, plural, spanText, timeText } from '../../shared/words.ts';
import { groupBy } from '../models/group-by.ts';

const GROUPS_SHOWN_MAX = 40;
const SLICES_SHOWN_MAX = 400;
const NAME_WIDTH = 38;
const LABEL_WIDTH = 11;

/** A plan as people read it, the same as the command line shows, and below it each slice by name. */
export function planLines(plan: Plan, nowMs: number): readonly string[] {
  const { builds, downstream, engine } = plan;
  const head = `Plan ${hashText(plan.hash)}  ${plan.title}`;
  const lines = [
    `${head.padEnd(54)} made ${timeText(plan.madeAt, nowMs)} by ${plan.madeBy}`,
    '',
    ...labelled(
      'builds',
      groupLines(builds).map((line) => `${line}  ${engine}`),
    ),
    ...labelled('then', downstream.length === 0 ? ['nothing else'] : groupLines(downstream)),
    ...labelled('reads', readsLines(plan)),
    ...labelled('cost', [costText(plan)]),
    ...labelled('takes', [
      `~${spanText(plan.estimateMs)} for ${plural(builds.length + downstream.length, 'slice')}`,
    ]),
    ...labelled('expected', [plan.expected]),
    '',
    `Apply with: lakewarden apply ${plan.hash.slice(0, 12)}`,
    `Hash        ${plan.hash}`,
    '',
    ...sliceLines('builds', builds),
    ...sliceLines('then, where the rows turn out to be others', downstream),
  ];
  return lines.map((line) => plainText(line, LINE_CHARS_MAX));
}

function labelled(label: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

/** A line a dataset, in the order of the plan; a single slice is named, not counted. */
function groupLines(slices: readonly PlannedSlice[]): readonly string[] {
  const groups = groupBy(slices, ({ slice }) => slice.split('@')[0] ?? slice);
  const shown = [...groups].slice(0, GROUPS_SHOWN_MAX).map(([dataset, of]) => {
    const rows = of.reduce((sum, each) => sum + each.rows, 0);
    const estimateMs = of.reduce((sum, each) => sum + each.estimateMs, 0);
    const [only] = of;
    const name =
      of.length === 1 && only !== undefined
        ? only.slice.replace('@', ' ')
        : `${plural(of.length, 'slice')} of ${dataset}`;
    return `${name.padEnd(NAME_WIDTH)} ${plural(rows, 'row').padStart(14)} ${`~${spanText(estimateMs)}`.padStart(12)}`;
  });
  const left = groups.size - shown.length;
  return left > 0 ? [...shown, `and ${plural(left, 'dataset')} more`] : shown;
}

function readsLines({ reads, ranges }: Plan): readonly string[] {
  const text = reads.join(', ') || 'nothing';
  const isAgain = reads.some((name) => name.startsWith('source:'));
  if (ranges.length === 0) return [`${text}${isAgain ? '' : ' (no source is read again)'}`];
  const shown = ranges
    .slice(0, GROUPS_SHOWN_MAX)
    .map(
      ({ source, partition, first, last, rows }) =>
        `${source} partition ${partition}: ${first} … ${last}, ${plural(rows, 'event')}`,
    );
  const left = ranges.length - shown.length;
  return [text, ...shown, ...(left > 0 ? [`and ${countText(left)} ranges more`] : [])];
}

function costText({ costUsd, engine }: Plan): string {
  return costUsd === 0 ? '0.00 (embedded)' : `~${costUsd.toFixed(2)} US dollars (${engine})`;
}

function sliceLines(title: string, slices: readonly PlannedSlice[]): readonly string[] {
  if (slices.length === 0) return [];
  const shown = slices
    .slice(0, SLICES_SHOWN_MAX)
    .map(
      ({ slice, rows, estimateMs }) =>
        `  ${slice.padEnd(NAME_WIDTH + 9)} ${plural(rows, 'row').padStart(14)} ${`~${spanText(estimateMs)}`.padStart(12)}`,
    );
  const left = slices.length - shown.length;
  return [`${title}:`, ...shown, ...(left > 0 ? [`  and ${countText(left)} more`] : []), ''];
}
