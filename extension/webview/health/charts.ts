import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Series, valueText } from '../../shared/health-model.ts';
import { element } from '../parts/element.ts';
import type { ThemeColors } from '../parts/theme-colors.ts';

const HEIGHT_PX = 132;
const AXIS_PX = 54;
const DAY_S = 86_400;
/** Steps of an axis that people count time in. */
const SPANS_MS = [1, 2, 5, 10, 15, 30]
  .flatMap((count) => [count * 100, count * 1_000, count * 60_000, count * 3_600_000, count * 86_400_000])
  .sort((a, b) => a - b);
/** Charts of slices move their cursors together, and so do those of runs. */
const SYNC = { rows: 'slices', quarantine: 'slices', freshness: 'runs', duration: 'runs' } as const;

/** One chart with its title, the value under the cursor, and the whole of it in a sentence for screen readers. */
export interface Chart {
  readonly element: HTMLElement;
  draw(series: Series, colors: ThemeColors): void;
  dispose(): void;
}

export function createChart(series: Series, onPick: ((time: number) => void) | undefined): Chart {
  const title = element('h3', {}, series.title);
  const about = element('span', { class: 'muted about' });
  const value = element('span', { class: 'value number', 'aria-hidden': 'true' });
  const plot = element('div', { class: 'plot', role: 'img' });
  const figure = element('figure', { class: 'chart' }, element('figcaption', {}, title, about, value), plot);
  let chart: uPlot | undefined;
  let current = series;

  const resize = new ResizeObserver(() => {
    if (chart !== undefined && plot.clientWidth > 0)
      chart.setSize({ width: plot.clientWidth, height: HEIGHT_PX });
  });
  resize.observe(plot);

  const showValue = (at: number | null | undefined) => {
    const index = at ?? current.values.length - 1;
    const shown = current.values[index];
    const time = current.times[index];
    value.textContent =
      shown === null || shown === undefined || time === undefined
        ? ''
        : `${timeOf(time, current)} · ${valueText(current, shown)}`;
  };

  return {
    element: figure,
    draw(next, colors) {
      current = next;
      about.textContent = next.about;
      plot.setAttribute('aria-label', `${next.title}. ${next.summary}`);
      chart?.destroy();
      plot.replaceChildren();
      const options = optionsOf(next, colors, Math.max(120, plot.clientWidth), showValue);
      chart = new uPlot(options, [[...next.times], [...next.values], badOf(next), limitOf(next)], plot);
      chart.over.addEventListener('click', () => {
        const time = chart?.cursor.idx == null ? undefined : current.times[chart.cursor.idx];
        if (time !== undefined) onPick?.(time);
      });
      showValue(undefined);
    },
    dispose() {
      resize.disconnect();
      chart?.destroy();
    },
  };
}

function optionsOf(
  series: Series,
  colors: ThemeColors,
  width: number,
  onCursor: (at: number | null | undefined) => void,
): uPlot.Options {
  const ink = series.key === 'quarantine' ? colors.states['charts.orange'] : colors.states['charts.blue'];
  const grid = { stroke: colors.line, width: 0.5 };
  const axis = {
    stroke: colors.muted,
    grid,
    ticks: { ...grid, size: 4 },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false }, sync: { key: SYNC[series.key] } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, (most ?? 1) * 1.08)] } },
    axes: [
      {
        ...axis,
        space: 70,
        size: 26,
        values: (_, ticks, __, ___, step) => ticks.map((tick) => tickText(tick, step)),
      },
      {
        ...axis,
        size: AXIS_PX,
        space: 30,
        ...(series.unit === 'ms' && { incrs: SPANS_MS }),
        values: (_, ticks) => ticks.map((tick) => valueText(series, tick, true)),
      },
    ],
    series: [
      {},
      {
        stroke: ink,
        width: 1.5,
        ...(series.isArea ? { fill: faint(ink) } : { paths: () => null }),
        points: { show: !series.isArea, size: 4, fill: ink, stroke: ink },
      },
      {
        stroke: colors.states['list.errorForeground'],
        paths: () => null,
        points: { show: true, size: 9, width: 2, fill: colors.background },
      },
      { stroke: colors.states['charts.orange'], width: 1, dash: [5, 4], points: { show: false } },
    ],
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx)] },
  };
}

/** `14:00`, `11-22`, `2026-11`: as fine as the steps between the ticks. */
function tickText(seconds: number, step: number): string {
  const text = new Date(seconds * 1_000).toISOString();
  if (step < DAY_S) return text.slice(11, 16);
  return step < 28 * DAY_S ? text.slice(5, 10) : text.slice(0, 7);
}

function badOf({ values, bad }: Series): (number | null)[] {
  const points: (number | null)[] = new Array(values.length).fill(null);
  for (const at of bad) points[at] = values[at] ?? null;
  return points;
}

function limitOf({ values, limit }: Series): (number | null)[] {
  return new Array(values.length).fill(limit ?? null);
}

/** `rgb(…)` as computed styles say it, nearly see-through. */
function faint(color: string): string {
  return color.replace(/^rgba?\(([^,)]+,[^,)]+,[^,)]+).*\)$/, 'rgba($1, 0.16)');
}

function timeOf(seconds: number, { key }: Series): string {
  const text = new Date(seconds * 1_000).toISOString();
  const isSlice = key === 'rows' || key === 'quarantine';
  return isSlice && text.includes('T00:00') ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ');
}
