import { type LineageState, MATCHES_SHOWN_MAX } from '../../shared/lineage-model.ts';
import { plural } from '../../shared/words.ts';
import { element, setAttributes } from '../parts/element.ts';
import { icon, stateIcon } from '../parts/icons.ts';

export interface SearchActs {
  readonly onText: (text: string) => void;
  readonly onStep: (step: 1 | -1) => void;
  readonly onChoose: (id: string | undefined) => void;
  readonly onClose: () => void;
}

/** A field with the matches below it: a combobox, as screen readers know it. */
export class SearchBox {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #count: HTMLElement;
  readonly #acts: SearchActs;

  constructor(acts: SearchActs) {
    this.#acts = acts;
    this.#input = element('input', {
      type: 'text',
      role: 'combobox',
      'aria-label': 'Search the lineage',
      'aria-controls': 'matches',
      'aria-expanded': 'false',
      'aria-autocomplete': 'list',
      placeholder: 'Search',
      maxlength: 100,
      spellcheck: 'false',
      autocomplete: 'off',
    });
    this.#list = element('ul', { id: 'matches', role: 'listbox', 'aria-label': 'Matches' });
    this.#count = element('div', { class: 'muted found', role: 'status' });
    this.element = element('div', { class: 'search' }, icon('search'), this.#input, this.#count, this.#list);
    this.element.hidden = true;
    this.#input.addEventListener('input', () => acts.onText(this.#input.value));
    this.#input.addEventListener('keydown', (event) => this.#onKey(event));
    this.element.addEventListener('focusout', ({ relatedTarget }) => {
      if (!this.element.contains(relatedTarget as Node | null)) acts.onClose();
    });
  }

  render({ search, graph }: LineageState): void {
    const wasHidden = this.element.hidden;
    this.element.hidden = search === undefined;
    if (search === undefined) return;
    if (wasHidden) {
      this.#input.value = search.text;
      this.#input.focus();
    }
    const shown = search.matches.slice(0, MATCHES_SHOWN_MAX);
    this.#count.textContent =
      search.text === '' ? '' : plural(search.matches.length, 'match').replace('matchs', 'matches');
    this.#list.replaceChildren(
      ...shown.map((id, at) => {
        const node = graph?.nodes[graph.indexOf.get(id) ?? -1];
        const option = element(
          'li',
          { role: 'option', id: `match-${at}`, 'aria-selected': at === search.at ? 'true' : 'false' },
          node && stateIcon(node.state),
          element('span', {}, node?.label ?? ''),
          element('span', { class: 'muted what' }, node === undefined ? '' : `${node.kind} · ${node.state}`),
        );
        // Before the field loses its focus, which closes the list.
        option.addEventListener('pointerdown', (event) => {
          event.preventDefault();
          this.#acts.onChoose(id);
        });
        return option;
      }),
    );
    this.#list.hidden = shown.length === 0;
    setAttributes(this.#input, {
      'aria-expanded': shown.length > 0 ? 'true' : 'false',
      'aria-activedescendant': shown.length > 0 ? `match-${search.at}` : undefined,
    });
    this.#list.children[search.at]?.scrollIntoView({ block: 'nearest' });
    this.#chosen = search.matches[search.at];
  }

  #chosen: string | undefined;

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown') this.#acts.onStep(1);
    else if (event.key === 'ArrowUp') this.#acts.onStep(-1);
    else if (event.key === 'Enter') this.#acts.onChoose(this.#chosen);
    else if (event.key === 'Escape') this.#acts.onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
