import type { HealthState } from '@lakewarden/contracts';
import type { LineageState } from '../../shared/lineage-model.ts';
import { isIll, STATES, STATES_WORST_FIRST } from '../../shared/states.ts';
import { countText } from '../../shared/words.ts';
import { button, element, setAttributes } from '../parts/element.ts';
import { icon, stateIcon } from '../parts/icons.ts';

export interface ToolbarActs {
  readonly onBack: () => void;
  readonly onEverything: () => void;
  readonly onLevel: (level: 'table' | 'slice') => void;
  readonly onState: (state: HealthState) => void;
  readonly onSearch: () => void;
  readonly onZoom: (factor: number) => void;
  readonly onFit: () => void;
  readonly onKeys: () => void;
}

const ZOOM = 1.3;

/** Where one is, what is ill there, and what can be done with the view. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly #back: HTMLButtonElement;
  readonly #where = element('div', { class: 'where' });
  readonly #counts = element('div', { class: 'counts', role: 'group', 'aria-label': 'Nodes by state' });
  readonly #levels: Readonly<Record<'table' | 'slice', HTMLButtonElement>>;
  readonly #acts: ToolbarActs;

  constructor(acts: ToolbarActs) {
    this.#acts = acts;
    this.#back = button({ title: 'Back (Esc)', 'aria-label': 'Back' }, acts.onBack, icon('back'));
    this.#levels = {
      table: button({ title: 'Show tables' }, () => acts.onLevel('table'), 'Tables'),
      slice: button({ title: 'Show slices' }, () => acts.onLevel('slice'), 'Slices'),
    };
    const tool = (name: Parameters<typeof icon>[0], title: string, act: () => void) =>
      button({ title, 'aria-label': title.replace(/ \(.*/, '') }, act, icon(name));
    this.element = element(
      'header',
      { class: 'toolbar' },
      this.#back,
      this.#where,
      this.#counts,
      element('span', { class: 'space' }),
      element(
        'div',
        { class: 'levels', role: 'group', 'aria-label': 'Level' },
        this.#levels.table,
        this.#levels.slice,
      ),
      element(
        'div',
        { class: 'tools', role: 'group', 'aria-label': 'View' },
        tool('search', 'Search (/)', acts.onSearch),
        tool('minus', 'Smaller (-)', () => acts.onZoom(1 / ZOOM)),
        tool('plus', 'Larger (+)', () => acts.onZoom(ZOOM)),
        tool('fit', 'Fit (0)', acts.onFit),
        tool('keys', 'Keys (?)', acts.onKeys),
      ),
    );
  }

  render({ place, past, graph }: LineageState): void {
    this.#back.disabled = past.length === 0 && place.focus === undefined;
    for (const level of ['table', 'slice'] as const) {
      setAttributes(this.#levels[level], { 'aria-pressed': place.level === level ? 'true' : 'false' });
    }
    const focused =
      place.focus === undefined ? undefined : graph?.nodes[graph.indexOf.get(place.focus) ?? -1];
    this.#where.replaceChildren(
      place.focus === undefined
        ? element('strong', {}, 'Everything')
        : button({ class: 'link', title: 'Show everything' }, this.#acts.onEverything, 'Everything'),
      ...(place.focus === undefined
        ? []
        : [
            element('span', { class: 'muted' }, '›'),
            element('strong', {}, focused?.label ?? place.focus.slice(0, 80)),
          ]),
    );
    this.#renderCounts(graph?.nodes ?? [], graph?.truncated === true);
  }

  #renderCounts(nodes: readonly { readonly state: HealthState }[], isTruncated: boolean): void {
    const counts = new Map<HealthState, number>();
    for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
    const chips = STATES_WORST_FIRST.flatMap((state) => {
      const count = counts.get(state);
      if (count === undefined) return [];
      const { word } = STATES[state];
      const title = isIll(state) ? `Next that is ${word} (f)` : `Next that is ${word}`;
      return [
        button(
          { class: 'chip', title },
          () => this.#acts.onState(state),
          stateIcon(state),
          element('span', { class: 'number' }, `${word} ${countText(count)}`),
          element('span', { class: 'aside' }, ', go to the next'),
        ),
      ];
    });
    const note = isTruncated && element('span', { class: 'muted' }, 'not all are shown');
    this.#counts.replaceChildren(...chips, ...(note === false ? [] : [note]));
  }
}
