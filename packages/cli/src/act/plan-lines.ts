import type { Plan, PlannedSlice } from '@lakewarden/contracts';
import { countText, hashText, plural, spanText, timeText } from '../words.ts';

const GROUPS_SHOWN_MAX = 20;
const NAME_WIDTH = 34;
const LABEL_WIDTH = 11;

export interface PlanContext {
  readonly nowMs: number;
  /** What has to be written again behind a command, with a blank before. */
  readonly suffix: string;
  /** False where it is applied at once. */
  readonly isOffered: boolean;
}

/** A plan as people read it (ux.md); everything in it is a count of the plan itself. */
export function planLines(plan: Plan, { nowMs, suffix, isOffered }: PlanContext): readonly string[] {
  const head = `Plan ${hashText(plan.hash)}  ${plan.title}`;
  const { builds, downstream } = plan;
  const engine = `  ${plan.engine}`;
  return [
    `${head.padEnd(54)} made ${timeText(plan.madeAt, nowMs)} by ${plan.madeBy}`,
    '',
    ...labelled(
      'builds',
      groupLines(builds, 'count').map((line) => `${line}${engine}`),
    ),
    ...labelled('then', groupLines(downstream, 'key')),
    ...labelled('reads', readsLines(plan)),
    ...labelled('cost', [costText(plan)]),
    ...labelled('takes', [
      `~${spanText(plan.estimateMs)} for ${plural(builds.length + downstream.length, 'slice')}`,
    ]),
    ...labelled('expected', [plan.expected]),
    ...(isOffered ? ['', `Apply with: lakewarden apply ${plan.hash.slice(0, 4)}${suffix}`] : []),
  ];
}

function labelled(label: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
}

/** A line a dataset, in the order of the plan. `key`: a single slice is named, not counted. */
function groupLines(slices: readonly PlannedSlice[], naming: 'count' | 'key'): readonly string[] {
  const groups = Map.groupBy(slices, ({ slice }) => slice.split('@')[0] ?? slice);
  const shown = [...groups].slice(0, GROUPS_SHOWN_MAX).map(([dataset, of]) => {
    const rows = of.reduce((sum, each) => sum + each.rows, 0);
    const estimateMs = of.reduce((sum, each) => sum + each.estimateMs, 0);
    const name =
      naming === 'key' && of.length === 1
        ? `${dataset} ${keyOf(of[0])}`
        : `${plural(of.length, 'slice')} of ${dataset}`;
    return `${name.padEnd(NAME_WIDTH)} ${`${plural(rows, 'row')}`.padStart(12)} ${`~${spanText(estimateMs)}`.padStart(12)}`;
  });
  const left = groups.size - shown.length;
  return left > 0 ? [...shown, `and ${plural(left, 'dataset')} more`] : shown;
}

function keyOf(planned: PlannedSlice | undefined): string {
  const id = planned?.slice ?? '';
  return id.slice(id.indexOf('@') + 1);
}

function readsLines({ reads, ranges }: Plan): readonly string[] {
  const text = reads.join(', ') || 'nothing';
  if (ranges.length === 0)
    return [`${text}${reads.some((name) => name.startsWith('source:')) ? '' : ' (no source is read again)'}`];
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
