import { button, element } from '../parts/element.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['← →', 'along an edge, to what it reads or who reads it'],
  ['↑ ↓', 'within a column; Home and End to its ends'],
  ['Ctrl + ← →', 'to the next column'],
  ['Enter', 'focus: two steps up and down; again: open'],
  ['o', 'open'],
  ['f', 'the next that failed, is late or parked'],
  ['/', 'search'],
  ['Esc', 'back'],
  ['+ − 0', 'larger, smaller, fit'],
  ['Shift + arrows', 'move the view'],
];

/** What the keys do, on top of the page until it is closed. */
export class KeysHelp {
  readonly element: HTMLDialogElement;

  constructor() {
    const close = button({ class: 'strong', autofocus: true }, () => this.element.close(), 'Close');
    this.element = element(
      'dialog',
      { class: 'keys', 'aria-label': 'Keys' },
      element('h2', {}, 'Keys'),
      element(
        'dl',
        {},
        ...KEYS.flatMap(([keys, what]) => [element('dt', {}, keys), element('dd', {}, what)]),
      ),
      close,
    );
  }

  show(): void {
    if (!this.element.open) this.element.showModal();
  }
}
