import { plainText } from '../../shared/plain-text.ts';
import {
  compareStates,
  INCIDENT_LOOKS,
  KIND_TITLES,
  SEVERITY_LOOKS,
  STATES,
  STATES_WORST_FIRST,
} from '../../shared/states.ts';
import { behindText, countsText, plural, roughSpanText, spanText, whenText } from '../../shared/words.ts';
import { element } from '../parts/element.ts';
import { lookIcon, stateIcon } from '../parts/icons.ts';
import type { IncidentsSeen, LagSeen, OverviewSeen } from './shapes.ts';

/** What the lake is like, in words, before any picture. */
export class SummaryView {
  readonly element = element('div', { class: 'summary' });
  #shown = '';

  render(overview: OverviewSeen, incidents: IncidentsSeen, lag: LagSeen, nowMs: number): void {
    const parts = [
      headOf(overview, nowMs),
      layersOf(overview),
      incidentsOf(incidents, nowMs),
      breakersOf(overview, nowMs),
      lagOf(lag),
    ].filter((part) => part !== undefined);
    // Untouched while nothing changes: whoever reads or selects is not disturbed.
    const next = parts.map(({ outerHTML }) => outerHTML).join('');
    if (next === this.#shown) return;
    this.#shown = next;
    this.element.replaceChildren(...parts);
  }
}

/** The page's first line answers the question. */
export function headline({ layers, incidents }: Pick<OverviewSeen, 'layers' | 'incidents'>): string {
  const worst = [...layers].sort((a, b) => compareStates(a.state, b.state))[0];
  const gold = layers.find(({ layer }) => layer === 'gold');
  const first =
    worst === undefined || worst.state === 'fresh' || worst.state === 'empty'
      ? 'All is well'
      : `${KIND_TITLES[worst.layer]} is ${STATES[worst.state].word}`;
  return [
    first,
    ...(gold?.behindMs === undefined ? [] : [`gold ${behindText(gold.behindMs)}`]),
    ...(incidents.open > 0 ? [plural(incidents.open, 'incident')] : []),
  ].join(' · ');
}

function headOf(overview: OverviewSeen, nowMs: number): HTMLElement {
  const { agent, nextDrainAt, lag } = overview;
  const facts = [
    `agent ${plainText(agent.version, 20)}`,
    ...(nextDrainAt === undefined ? [] : [`next drain ${whenText(nextDrainAt, nowMs)}`]),
    lag.events === 0 ? 'lag 0' : `lag ${plural(lag.events, 'event')}, ${spanText(lag.seconds * 1_000)}`,
  ];
  return element(
    'section',
    { class: 'headline' },
    element('p', { class: 'muted' }, `Lakewarden · ${plainText(agent.pipeline, 60)}`),
    element('h1', {}, headline(overview)),
    element('p', { class: 'muted number' }, facts.join(' · ')),
  );
}

function layersOf({ layers }: OverviewSeen): HTMLElement {
  return element(
    'section',
    { class: 'cards', 'aria-label': 'Layers' },
    ...layers.map(({ layer, state, why, datasets, counts, rows, behindMs }) =>
      element(
        'article',
        { class: 'card', 'data-kind': layer, 'data-state': state, 'data-color': STATES[state].color },
        element('h2', {}, KIND_TITLES[layer]),
        element('p', { class: 'state' }, stateIcon(state), element('strong', {}, STATES[state].word)),
        element('p', { class: 'muted why' }, why === '' ? STATES[state].meaning : plainText(why)),
        element(
          'p',
          { class: 'number' },
          [...(behindMs === undefined ? [] : [behindText(behindMs)]), plural(rows, 'row')].join(' · '),
        ),
        element(
          'p',
          { class: 'muted number small-print' },
          [plural(datasets, 'dataset'), countsText(counts, STATES_WORST_FIRST)]
            .filter((part) => part !== '')
            .join(' · '),
        ),
      ),
    ),
  );
}

function incidentsOf({ items }: IncidentsSeen, nowMs: number): HTMLElement {
  const rows = items.map(({ title, severity, state, since, runbook }) =>
    element(
      'li',
      {},
      lookIcon(SEVERITY_LOOKS[severity]),
      element('span', { class: 'title' }, plainText(title)),
      element(
        'span',
        { class: 'muted number' },
        [
          severity,
          INCIDENT_LOOKS[state].word,
          ...(runbook === undefined ? [] : [`runbook ${plainText(runbook, 60)}`]),
          ageText(since, nowMs),
        ].join(' · '),
      ),
    ),
  );
  return element(
    'section',
    {},
    element('h2', {}, 'Incidents'),
    rows.length === 0
      ? element('p', { class: 'muted' }, 'None is open.')
      : element('ul', { class: 'lines' }, ...rows),
  );
}

function ageText(since: string, nowMs: number): string {
  const ms = Date.parse(since);
  return Number.isNaN(ms) ? '' : roughSpanText(Math.max(0, nowMs - ms));
}

/** Only those that are not closed. */
function breakersOf({ breakers }: OverviewSeen, nowMs: number): HTMLElement | undefined {
  const open = breakers.filter(({ state }) => state !== 'closed');
  if (open.length === 0) return undefined;
  return element(
    'section',
    {},
    element('h2', {}, 'Dependencies that are down'),
    element(
      'ul',
      { class: 'lines' },
      ...open.map(({ dependency, state, parkedCalls, lastError, nextProbeAt }) =>
        element(
          'li',
          {},
          stateIcon('parked'),
          element('span', { class: 'title' }, `${plainText(dependency, 60)}: breaker ${state}`),
          element(
            'span',
            { class: 'muted number' },
            [
              ...(lastError === undefined ? [] : [plainText(lastError, 120)]),
              `${plural(parkedCalls, 'call')} parked`,
              ...(nextProbeAt === undefined ? [] : [`next probe ${whenText(nextProbeAt, nowMs)}`]),
            ].join(' · '),
          ),
        ),
      ),
    ),
  );
}

function lagOf({ sources }: LagSeen): HTMLElement {
  return element(
    'section',
    {},
    element('h2', {}, 'Sources and lag'),
    element(
      'ul',
      { class: 'lines' },
      ...sources.map(({ source, kind, state, why, events, seconds, partitions, window }) =>
        element(
          'li',
          {},
          stateIcon(state),
          element('span', { class: 'title' }, plainText(source, 80)),
          element(
            'span',
            { class: 'muted number' },
            [
              state,
              kind === 'event-hub'
                ? `${events === 0 ? 'lag 0' : `lag ${plural(events, 'event')}, ${spanText(seconds * 1_000)}`} · ${plural(partitions.length, 'partition')}`
                : window === undefined
                  ? 'no window yet'
                  : `window ${plainText(window.key, 40)} ${plainText(window.state, 20)}`,
              ...(why === '' ? [] : [plainText(why, 160)]),
            ].join(' · '),
          ),
        ),
      ),
    ),
  );
}
