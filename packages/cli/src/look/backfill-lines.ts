import type { BackfillHealth } from '@lakewarden/contracts';
import { formatTable } from '../text-table.ts';
import { countText, spanText, timeText } from '../words.ts';
import { field } from './health-lines.ts';
import type { Items, View } from './view.ts';

export function backfillsLines({ items }: Items<BackfillHealth>, { width, nowMs }: View): readonly string[] {
  if (items.length === 0) return ['no backfills'];
  const rows = items.map((backfill) => [
    backfill.id,
    backfill.state,
    `${percent(backfill)} %`,
    `${countText(backfill.built)} of ${countText(backfill.total)}`,
    countText(backfill.failed),
    leftText(backfill),
    timeText(backfill.startedAt, nowMs),
    backfill.title,
  ]);
  const header = ['backfill', 'state', 'done', 'slices', 'failed', 'left', 'started', 'what'];
  return [formatTable(header, rows, { whole: ['backfill'], width })];
}

export function backfillLines(backfill: BackfillHealth, { nowMs, suffix }: View): readonly string[] {
  const { id, state, title, plan, current } = backfill;
  return [
    `${id}  ${title}`,
    ...field(
      'state',
      `${state} · ${percent(backfill)} % · ${countText(backfill.built)} of ${countText(backfill.total)}`,
    ),
    ...field('failed', backfill.failed === 0 ? undefined : countText(backfill.failed)),
    ...field('left', leftText(backfill)),
    ...field('now', current.join(', ')),
    ...field('started', timeText(backfill.startedAt, nowMs)),
    ...field('ended', backfill.endedAt === undefined ? undefined : timeText(backfill.endedAt, nowMs)),
    ...field('plan', plan),
    ...(state === 'paused' ? [`→ lakewarden resume ${id}${suffix}`] : []),
    ...(state === 'running' ? [`→ lakewarden backfills ${id} --watch${suffix}`] : []),
  ];
}

function percent({ built, total }: BackfillHealth): number {
  return total === 0 ? 100 : Math.floor((100 * built) / total);
}

function leftText({ state, remainingMs }: BackfillHealth): string {
  return state === 'running' && remainingMs !== undefined ? `~${spanText(remainingMs)}` : '';
}
