import { compareStates, isIll, KIND_TITLES, NODE_KINDS, STATES } from '../../shared/states.ts';
import { countText } from '../../shared/words.ts';
import { SIZES } from '../layout/layout-types.ts';
import { element } from '../parts/element.ts';
import { stateIcon } from '../parts/icons.ts';
import type { Camera } from './camera.ts';
import type { Scene } from './scene.ts';

const WIDTH_OF_TEXT_MIN = 56;
const HEAD_GAP = 20;

/** Names of the layers, above their columns, with how many nodes are there and how many are ill. */
export class ColumnHeads {
  readonly element = element('div', { class: 'heads', 'aria-hidden': 'true' });
  #heads: { readonly head: HTMLElement; readonly left: number; right: number }[] = [];

  setScene({ graph, layout }: Scene): void {
    this.#heads = NODE_KINDS.flatMap((kind, place) => {
      const layers = [...layout.layerKind.keys()].filter((layer) => layout.layerKind[layer] === place);
      const [first, last] = [layers[0], layers.at(-1)];
      if (first === undefined || last === undefined) return [];
      const own = graph.nodes.filter((node) => node.kind === kind);
      const ill = own.filter(({ state }) => isIll(state)).sort((a, b) => compareStates(a.state, b.state));
      const worst = ill[0];
      const head = element(
        'div',
        { class: 'head', 'data-kind': kind },
        element('span', { class: 'dot' }),
        element('span', {}, KIND_TITLES[kind]),
        element('span', { class: 'muted number' }, countText(own.length)),
        worst && stateIcon(worst.state),
        worst && element('span', { class: 'number' }, `${countText(ill.length)} ${STATES[worst.state].word}`),
      );
      return [
        {
          head,
          left: layout.layerX[first] as number,
          right: (layout.layerX[last] as number) + SIZES.nodeWidth,
        },
      ];
    });
    // A name may be as long as the way to the next one.
    this.#heads.forEach((own, at) => {
      own.right = (this.#heads[at + 1]?.left ?? own.right + SIZES.columnGap) - HEAD_GAP;
    });
    this.element.replaceChildren(...this.#heads.map(({ head }) => head));
  }

  clear(): void {
    this.#heads = [];
    this.element.replaceChildren();
  }

  update({ x, scale }: Camera): void {
    for (const { head, left, right } of this.#heads) {
      const width = Math.max(0, (right - left) * scale);
      head.style.transform = `translateX(${left * scale + x}px)`;
      head.style.width = `${Math.max(width, WIDTH_OF_TEXT_MIN)}px`;
      head.classList.toggle('narrow', width < WIDTH_OF_TEXT_MIN);
    }
  }
}
