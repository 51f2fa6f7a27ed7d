import type { Calendar, CalendarBlock, CalendarCell } from '../../shared/calendar.ts';
import { sliceText } from '../../shared/health-model.ts';
import { plainText } from '../../shared/plain-text.ts';
import { STATES } from '../../shared/states.ts';
import { plural } from '../../shared/words.ts';
import { element } from '../parts/element.ts';
import { stateIcon } from '../parts/icons.ts';

export interface CalendarActs {
  /** Enter, or a click: the runs of this slice. */
  readonly onOpen: (slice: string) => void;
  /** The cell that is looked at, in words; undefined when none is. */
  readonly onLook: (text: string | undefined) => void;
}

const MOVES: Readonly<Record<string, readonly [row: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Slices as tables, one a block, with names for rows and columns, so a screen reader reads `Friday, week of 2011-11-07,
 * failed`. One cell of all can be reached by Tab; arrows walk from it. State is a sign in the cell, never the colour alone.
 */
export class CalendarView {
  readonly element = element('div', { class: 'calendar' });
  readonly #acts: CalendarActs;
  #stop: HTMLElement | undefined;
  #key: string | undefined;

  constructor(acts: CalendarActs) {
    this.#acts = acts;
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.element.addEventListener('click', ({ target }) => this.#open(target as Element));
    this.element.addEventListener('focusin', ({ target }) => this.#setStop(target as HTMLElement));
    this.element.addEventListener('pointerover', ({ target }) => this.#look(target as Element));
    this.element.addEventListener('pointerleave', () => acts.onLook(undefined));
    this.element.addEventListener('focusout', () => acts.onLook(undefined));
  }

  show(calendar: Calendar): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.element.replaceChildren(
      ...(calendar.older > 0
        ? [element('p', { class: 'muted' }, `${plural(calendar.older, 'older slice')} not shown`)]
        : []),
      ...calendar.blocks.map((block) => blockTable(block, calendar.grain)),
    );
    const cells = [...this.element.querySelectorAll<HTMLElement>('td[data-key]')];
    const stop = cells.find(({ dataset }) => dataset.key === this.#key) ?? cells.at(-1);
    this.#stop = undefined;
    if (stop === undefined) return;
    this.#setStop(stop, false);
    if (hadFocus) stop.focus();
  }

  #setStop(target: HTMLElement, isLook = true): void {
    const cell = target.closest<HTMLElement>('td[data-key]');
    if (cell === null) return;
    this.#stop?.setAttribute('tabindex', '-1');
    cell.setAttribute('tabindex', '0');
    this.#stop = cell;
    this.#key = cell.dataset.key;
    if (isLook) this.#look(cell);
  }

  #look(target: Element): void {
    this.#acts.onLook(target.closest<HTMLElement>('td[data-key]')?.dataset.text);
  }

  #open(target: Element): void {
    const key = target.closest<HTMLElement>('td[data-key]')?.dataset.key;
    if (key !== undefined) this.#acts.onOpen(key);
  }

  #onKey(event: KeyboardEvent): void {
    const cell = (event.target as Element).closest<HTMLTableCellElement>('td[data-key]');
    if (cell === null) return;
    if (event.key === 'Enter' || event.key === ' ') this.#open(cell);
    else {
      const next = this.#next(cell, event);
      if (next === undefined) return;
      next?.focus();
    }
    event.preventDefault();
  }

  /** Null: the key is one of ours, and there is nothing that way. Holes are passed over, and so are borders of blocks. */
  #next(cell: HTMLTableCellElement, { key, ctrlKey }: KeyboardEvent): HTMLElement | null | undefined {
    const all = [...this.element.querySelectorAll<HTMLElement>('td[data-key]')].sort(byKey);
    if (key === 'Home') return (ctrlKey ? all[0] : firstOf(cell, 1)) ?? null;
    if (key === 'End') return (ctrlKey ? all.at(-1) : firstOf(cell, -1)) ?? null;
    const move = MOVES[key];
    if (move === undefined) return undefined;
    return stepped(cell, move) ?? all[all.indexOf(cell) + (move[0] + move[1] > 0 ? 1 : -1)] ?? null;
  }
}

function byKey(a: HTMLElement, b: HTMLElement): number {
  return (a.dataset.key ?? '') < (b.dataset.key ?? '') ? -1 : 1;
}

function firstOf(cell: HTMLTableCellElement, side: 1 | -1): HTMLElement | undefined {
  const cells = [...(cell.parentElement?.querySelectorAll<HTMLElement>('td[data-key]') ?? [])];
  return side === 1 ? cells[0] : cells.at(-1);
}

function stepped(
  cell: HTMLTableCellElement,
  [down, right]: readonly [number, number],
): HTMLElement | undefined {
  const row = cell.parentElement as HTMLTableRowElement;
  const rows = [...(row.parentElement as HTMLTableSectionElement).rows];
  let [y, x] = [rows.indexOf(row), cell.cellIndex];
  for (;;) {
    [y, x] = [y + down, x + right];
    const next = rows[y]?.cells[x];
    if (next === undefined || next.tagName === 'TH') return undefined;
    if (next.dataset.key !== undefined) return next;
  }
}

function blockTable({ title, columns, rows }: CalendarBlock, grain: Calendar['grain']): HTMLElement {
  const head = element(
    'tr',
    {},
    element('td', {}),
    ...columns.map(({ name, mark }) =>
      element('th', { scope: 'col', 'aria-label': name, abbr: name }, element('span', {}, mark)),
    ),
  );
  const body = rows.map(({ name, cells }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, grain === 'day' ? name.slice(0, 3) : name),
      ...cells.map(cellOf),
    ),
  );
  return element(
    'div',
    { class: 'block', 'data-grain': grain },
    element(
      'table',
      { role: 'grid', 'aria-label': `Slices of ${title}` },
      element('caption', {}, title),
      element('thead', {}, head),
      element('tbody', {}, ...body),
    ),
  );
}

function cellOf({ key, slice, level }: CalendarCell): HTMLElement {
  if (slice === undefined) return element('td', { class: key === '' ? 'out' : 'hole' });
  const isWell = slice.state === 'fresh' || slice.state === 'empty';
  const text = plainText(sliceText(slice));
  return element(
    'td',
    {
      role: 'gridcell',
      tabindex: -1,
      class: 'slice',
      title: text,
      'aria-label': text,
      'data-key': key,
      'data-text': text,
      'data-level': isWell ? level : undefined,
      'data-state': slice.state,
      'data-color': STATES[slice.state].color,
    },
    !isWell && stateIcon(slice.state),
  );
}
