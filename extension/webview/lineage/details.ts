import { edgesOf, type LineageGraph, rowsInto } from '../../shared/lineage-graph.ts';
import { KIND_TITLES, STATES } from '../../shared/states.ts';
import { behindText, countText, plural, type Rows } from '../../shared/words.ts';
import { button, element } from '../parts/element.ts';
import { icon, stateIcon } from '../parts/icons.ts';
import type { OpenWhat } from './lineage-port.ts';

const LINKS_SHOWN_MAX = 12;
/** As in lineage.css: there it lies below the graph. */
const NARROW = '(max-width: 720px)';

export interface DetailsActs {
  readonly onFocus: (id: string) => void;
  readonly onWalkTo: (id: string) => void;
  /** Absent where nothing can be opened. */
  readonly onOpen?: ((id: string, what: OpenWhat) => void) | undefined;
}

/** All that is known of the current node, beside the graph. */
export class Details {
  readonly element = element('section', {
    class: 'details',
    'aria-label': 'Details of the node',
    tabindex: -1,
  });
  readonly #acts: DetailsActs;

  constructor(acts: DetailsActs) {
    this.#acts = acts;
    this.clear();
  }

  clear(): void {
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  /** How much of the graph it covers. */
  get inset(): { readonly right: number; readonly bottom: number } {
    const { hidden, offsetWidth, offsetHeight } = this.element;
    if (hidden) return { right: 0, bottom: 0 };
    return matchMedia(NARROW).matches
      ? { right: 0, bottom: offsetHeight }
      : { right: offsetWidth, bottom: 0 };
  }

  show(graph: LineageGraph, index: number, focus: string | undefined): void {
    const node = graph.nodes[index] as LineageGraph['nodes'][number];
    const look = STATES[node.state];
    const inputs = [...edgesOf(graph.incoming, index)];
    const readers = [...edgesOf(graph.outgoing, index)];
    const rows = rowsInto(graph, index);
    this.element.hidden = false;
    this.element.replaceChildren(
      element(
        'div',
        { class: 'kind', 'data-kind': node.kind },
        element('span', { class: 'dot' }),
        KIND_TITLES[node.kind],
      ),
      element('h2', {}, node.label),
      element(
        'p',
        { class: 'state', 'data-color': look.color },
        stateIcon(node.state),
        element('strong', {}, look.word),
        element('span', { class: 'muted' }, node.why === '' ? look.meaning : node.why),
      ),
      facts(node),
      ...(rows === undefined ? [] : [balance(rows)]),
      this.#links(
        'Reads',
        inputs.map((edge) => graph.from[edge] as number),
        graph,
      ),
      this.#links(
        'Read by',
        readers.map((edge) => graph.to[edge] as number),
        graph,
      ),
      this.#buttons(node, focus),
    );
  }

  #links(title: string, nodes: readonly number[], graph: LineageGraph): HTMLElement | string {
    if (nodes.length === 0) return '';
    const shown = nodes.slice(0, LINKS_SHOWN_MAX).map((index) => {
      const node = graph.nodes[index] as LineageGraph['nodes'][number];
      const go = button(
        { class: 'link' },
        () => this.#acts.onWalkTo(node.id),
        stateIcon(node.state),
        element('span', {}, node.label),
        element('span', { class: 'aside' }, `, ${node.state}`),
      );
      return element('li', {}, go);
    });
    const left = nodes.length - shown.length;
    return element(
      'div',
      { class: 'links' },
      element('h3', {}, `${title} ${countText(nodes.length)}`),
      element(
        'ul',
        {},
        ...shown,
        left > 0 && element('li', { class: 'muted' }, `and ${countText(left)} more`),
      ),
    );
  }

  #buttons({ id, kind }: LineageGraph['nodes'][number], focus: string | undefined): HTMLElement {
    const { onFocus, onOpen } = this.#acts;
    const isTable = kind === 'bronze' || kind === 'silver' || kind === 'gold';
    const open = (what: OpenWhat, title: string) =>
      onOpen && button({ class: 'plain' }, () => onOpen(id, what), title);
    return element(
      'div',
      { class: 'buttons' },
      id !== focus && button({ class: 'strong' }, () => onFocus(id), icon('target'), 'Focus'),
      open('dataset', 'Open'),
      isTable && open('health', 'Health'),
      kind === 'silver' && open('quarantine', 'Quarantine'),
    );
  }
}

function facts({ rows, behindMs }: LineageGraph['nodes'][number]): HTMLElement | string {
  const parts = [
    ...(behindMs === undefined ? [] : [behindText(behindMs)]),
    ...(rows === undefined ? [] : [plural(rows, 'row')]),
  ];
  return parts.length === 0 ? '' : element('p', { class: 'number' }, parts.join(' · '));
}

/** The accounting as a bar: what went in is its length. A part too thin to be seen is still seen. */
function balance(rows: Rows): HTMLElement {
  const parts = [
    { name: 'out', count: rows.out, color: 'testing.iconPassed' },
    { name: 'quarantined', count: rows.quarantined, color: 'charts.orange' },
    { name: 'duplicates', count: rows.duplicates, color: 'descriptionForeground' },
  ].filter(({ count }) => count > 0);
  const bar = element('div', { class: 'bar', 'aria-hidden': 'true' });
  for (const { count, color } of parts) {
    const piece = element('span', { 'data-color': color });
    piece.style.flexGrow = String(count);
    bar.append(piece);
  }
  return element(
    'div',
    { class: 'balance' },
    element('h3', {}, `${plural(rows.in, 'row')} in`),
    bar,
    element(
      'ul',
      { class: 'number' },
      ...parts.map(({ name, count, color }) =>
        element(
          'li',
          {},
          element('span', { class: 'swatch', 'data-color': color }),
          `${countText(count)} ${name}`,
        ),
      ),
    ),
  );
}
