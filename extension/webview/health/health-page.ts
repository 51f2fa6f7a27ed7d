import type { HealthState } from '@lakewarden/contracts';
import { calendarOf, keyTimeMs } from '../../shared/calendar.ts';
import { type Series, seriesOf } from '../../shared/health-model.ts';
import type { DatasetReport, PageProblem } from '../../shared/messages.ts';
import { plainText } from '../../shared/plain-text.ts';
import { isIll, STATES, STATES_WORST_FIRST } from '../../shared/states.ts';
import {
  behindText,
  countsText,
  countText,
  equationText,
  plural,
  spanText,
  timeText,
} from '../../shared/words.ts';
import { createAnnouncer } from '../parts/announcer.ts';
import { button, element } from '../parts/element.ts';
import { stateIcon } from '../parts/icons.ts';
import { Notice } from '../parts/notice.ts';
import { onThemeChange, readThemeColors } from '../parts/theme-colors.ts';
import { CalendarView } from './calendar-view.ts';
import { type Chart, createChart } from './charts.ts';

/** Not more often is a changed dataset asked for again. */
const ASK_EVERY_MS = 2_000;
const REASONS_SHOWN_MAX = 8;

export interface HealthPort {
  query(dataset: string): void;
  openRuns(dataset: string, slice: string): void;
  open(dataset: string, what: 'dataset' | 'lineage' | 'quarantine'): void;
  keep(dataset: string): void;
}

/** One dataset over time: its state now, its charts, its slices, and what was quarantined. */
export class HealthPage {
  readonly element: HTMLElement;
  readonly #port: HealthPort;
  readonly #announcer = createAnnouncer();
  readonly #choice = element('select', { 'aria-label': 'Dataset' });
  readonly #head = element('section', { class: 'head' });
  readonly #charts = element('section', { class: 'charts', 'aria-label': 'Over time' });
  readonly #looked = element('p', { class: 'looked number muted' });
  readonly #calendar: CalendarView;
  readonly #slices: HTMLElement;
  readonly #reasons = element('section', { class: 'reasons' });
  readonly #notice: Notice;
  readonly #drawn = new Map<Series['key'], Chart>();
  #dataset: string | undefined;
  #report: DatasetReport | undefined;
  #isAsking = false;
  #isStale = false;

  constructor(port: HealthPort) {
    this.#port = port;
    this.#calendar = new CalendarView({
      onOpen: (slice) => this.#dataset !== undefined && port.openRuns(this.#dataset, slice),
      onLook: (text) => {
        this.#looked.textContent = text ?? LOOK_HINT;
      },
    });
    this.#slices = element(
      'section',
      { class: 'slices' },
      element('h2', {}, 'Slices'),
      this.#looked,
      this.#calendar.element,
      legend(),
    );
    this.#notice = new Notice(() => this.#ask());
    this.#choice.addEventListener('change', () => this.show(this.#choice.value));
    this.element = element(
      'div',
      { class: 'health' },
      element('header', { class: 'toolbar' }, this.#choice),
      this.#head,
      this.#charts,
      this.#slices,
      this.#reasons,
      this.#notice.element,
      this.#announcer.element,
    );
    this.#slices.hidden = true;
    this.#looked.textContent = LOOK_HINT;
    onThemeChange(() => this.#drawCharts());
  }

  show(dataset: string): void {
    if (dataset !== this.#dataset) this.#report = undefined;
    this.#dataset = dataset;
    this.#port.keep(dataset);
    this.#renderChoice();
    this.#ask();
  }

  choices(datasets: readonly { readonly name: string; readonly state: HealthState }[]): void {
    this.#choice.replaceChildren(
      ...datasets.map(({ name, state }) => {
        const note = state === 'fresh' ? '' : ` · ${state}`;
        return element('option', { value: name }, `${plainText(name)}${note}`);
      }),
    );
    this.#renderChoice();
    const first = datasets.find(({ state }) => isIll(state)) ?? datasets[0];
    if (this.#dataset === undefined && first !== undefined) this.show(first.name);
  }

  receive(report: DatasetReport): void {
    this.#notice.clear();
    const isFirst = this.#report === undefined;
    this.#report = report;
    this.#renderHead(report);
    this.#drawCharts();
    this.#slices.hidden = report.slices.length === 0;
    this.#calendar.show(calendarOf(report.slices));
    this.#renderReasons(report);
    if (isFirst) this.#announcer.say(`${plainText(report.dataset.name)}, ${report.dataset.state}`);
  }

  refuse(problem: PageProblem): void {
    this.#notice.show({ what: plainText(problem.what), remedy: plainText(problem.remedy) });
  }

  connection(state: 'connected' | 'connecting' | 'away', message: string): void {
    this.#notice.connection(state, plainText(message));
    if (state === 'connected' && this.#dataset !== undefined) this.#ask();
  }

  changed(dataset: string): void {
    if (dataset === this.#dataset) this.#askSoon();
  }

  #ask(): void {
    if (this.#dataset === undefined) return;
    if (this.#report === undefined) this.#notice.waiting();
    this.#port.query(this.#dataset);
  }

  #askSoon(): void {
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    this.#isAsking = true;
    this.#ask();
    setTimeout(() => {
      this.#isAsking = false;
      if (!this.#isStale) return;
      this.#isStale = false;
      this.#askSoon();
    }, ASK_EVERY_MS);
  }

  #renderChoice(): void {
    if (this.#dataset === undefined) return;
    const known = [...this.#choice.options].some(({ value }) => value === this.#dataset);
    if (!known) this.#choice.append(element('option', { value: this.#dataset }, plainText(this.#dataset)));
    this.#choice.value = this.#dataset;
  }

  #renderHead({ dataset, now, truncated }: DatasetReport): void {
    const { name, state, why, rows, accounting, updatedAt, behindMs, freshnessMs } = dataset;
    const look = STATES[state];
    const figure = (term: string, value: string | undefined) =>
      value === undefined
        ? ''
        : element('div', {}, element('dt', {}, term), element('dd', { class: 'number' }, value));
    const objective = freshnessMs === undefined ? '' : ` of ${spanText(freshnessMs)}`;
    this.#head.replaceChildren(
      element('h1', {}, plainText(name)),
      element(
        'p',
        { class: 'state' },
        stateIcon(state),
        element('strong', {}, look.word),
        element('span', { class: 'muted' }, why === '' ? look.meaning : plainText(why)),
      ),
      element(
        'dl',
        {},
        figure('Rows', countText(rows)),
        figure(
          'Behind',
          behindMs === undefined ? undefined : behindText(behindMs).replace(' behind', objective),
        ),
        figure('Accounting', accounting === undefined ? undefined : equationText(accounting)),
        figure('Slices', countsText(dataset.counts, STATES_WORST_FIRST)),
        figure('Last commit', updatedAt === undefined ? undefined : timeText(updatedAt, now)),
      ),
      element(
        'div',
        { class: 'buttons' },
        button({ class: 'plain' }, () => this.#port.open(name, 'lineage'), 'Lineage'),
        button({ class: 'plain' }, () => this.#port.open(name, 'dataset'), 'Show in Layers'),
      ),
      ...(truncated ? [element('p', { class: 'muted' }, 'Older slices and runs are not shown.')] : []),
    );
  }

  #drawCharts(): void {
    const report = this.#report;
    if (report === undefined) return;
    const colors = readThemeColors();
    const all = seriesOf(report);
    for (const [key, chart] of this.#drawn) {
      if (all.some((series) => series.key === key)) continue;
      chart.dispose();
      chart.element.remove();
      this.#drawn.delete(key);
    }
    for (const series of all) {
      let chart = this.#drawn.get(series.key);
      if (chart === undefined) {
        const isOfSlices = series.key === 'rows' || series.key === 'quarantine';
        chart = createChart(series, isOfSlices ? (time) => this.#openAt(time) : undefined);
        this.#drawn.set(series.key, chart);
      }
      // In the order of the series, also when one came later.
      this.#charts.append(chart.element);
      chart.draw(series, colors);
    }
  }

  #openAt(time: number): void {
    const slice = this.#report?.slices.find(({ key }) => keyTimeMs(key) === time * 1_000);
    if (slice !== undefined && this.#dataset !== undefined) this.#port.openRuns(this.#dataset, slice.key);
  }

  #renderReasons({ dataset, reasons }: DatasetReport): void {
    this.#reasons.hidden = reasons.length === 0;
    const sorted = [...reasons].sort((a, b) => b.rows - a.rows);
    const most = sorted[0]?.rows ?? 1;
    const left = sorted.length - REASONS_SHOWN_MAX;
    this.#reasons.replaceChildren(
      element('h2', {}, `Quarantine · ${plural(dataset.quarantined, 'row')}`),
      element(
        'ul',
        {},
        ...sorted.slice(0, REASONS_SHOWN_MAX).map(({ reason, rows, firstSlice, lastSlice }) => {
          const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
          bar.style.width = `${Math.max(1, (100 * rows) / most)}%`;
          const when = firstSlice === lastSlice ? firstSlice : `${firstSlice} to ${lastSlice}`;
          return element(
            'li',
            {},
            bar,
            element('span', {}, plainText(reason)),
            element('span', { class: 'muted number' }, `${plural(rows, 'row')} · ${plainText(when, 60)}`),
          );
        }),
        left > 0 && element('li', { class: 'muted' }, `and ${plural(left, 'more reason')}`),
      ),
      button({ class: 'plain' }, () => this.#port.open(dataset.name, 'quarantine'), 'Show the rows'),
    );
  }
}

const LOOK_HINT = 'Point at a slice, or walk with the arrow keys; Enter opens its runs.';

function legend(): HTMLElement {
  const shades = [0, 1, 2, 3, 4].map((level) => element('span', { class: 'shade', 'data-level': level }));
  return element(
    'p',
    { class: 'legend muted' },
    'fewer rows',
    element('span', { class: 'shades', 'aria-hidden': 'true' }, ...shades),
    'more rows',
    ...(['failed', 'late', 'stale', 'building', 'held'] as const).map((state) =>
      element('span', { class: 'key' }, stateIcon(state), state),
    ),
  );
}
