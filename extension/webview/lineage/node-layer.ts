import { DOWNSTREAM, FAILED, type LineageGraph, rowsInto } from '../../shared/lineage-graph.ts';
import { ageText, nodeAloud } from '../../shared/lineage-model.ts';
import { STATES } from '../../shared/states.ts';
import { compactText, leftText, passedText, type Rows } from '../../shared/words.ts';
import { SIZES } from '../layout/layout-types.ts';
import { element, setAttributes } from '../parts/element.ts';
import { stateIcon } from '../parts/icons.ts';
import { type Camera, SCALE_OF_TEXT, type Size, seenBox } from './camera.ts';
import { nodesIn, type Scene } from './scene.ts';

/** Elements made in one frame; the rest come with the next ones. */
const MADE_A_FRAME = 50;
/** From this scale on there is room for what stands beside a node. */
const SCALE_OF_FLOWS = 0.62;
const SCALE_OF_FACTS = 0.75;

/** Nodes as buttons, those only that are seen, and always the current one: it has the keyboard's focus. */
export class NodeLayer {
  readonly element: HTMLElement;
  readonly #nodes = new Map<string, HTMLButtonElement>();
  #scene: Scene | undefined;
  #stop: number | undefined;
  #isCurrent = false;
  #focus: string | undefined;

  constructor() {
    this.element = element('div', { class: 'world' });
  }

  setScene(scene: Scene | undefined): void {
    this.#scene = scene;
    for (const [id, node] of this.#nodes) {
      const index = scene?.graph.indexOf.get(id);
      if (scene === undefined || index === undefined) this.#remove(id);
      else this.#fill(node, scene, index);
    }
  }

  /** Nodes whose state is another one now. */
  refresh(scene: Scene): void {
    this.setScene(scene);
  }

  /** `stop`: the node where the Tab key lands; it is the current one when one is. */
  setCurrent(stop: number | undefined, focus: string | undefined, isCurrent: boolean): void {
    const before = this.#stop;
    this.#stop = stop;
    this.#isCurrent = isCurrent;
    this.#focus = focus;
    for (const index of [before, stop]) this.#mark(index);
    for (const [id, node] of this.#nodes) setAttributes(node, { 'data-focus': id === focus });
  }

  /** True when some are still to be made. */
  update(camera: Camera, screen: Size): boolean {
    this.element.style.transform = `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`;
    this.element.classList.toggle('far', camera.scale < SCALE_OF_TEXT);
    this.element.classList.toggle('small', camera.scale < SCALE_OF_FACTS);
    this.element.classList.toggle('without-flows', camera.scale < SCALE_OF_FLOWS);
    const scene = this.#scene;
    if (scene === undefined) return false;
    const seen = new Set(camera.scale < SCALE_OF_TEXT ? [] : nodesIn(scene.layout, seenBox(camera, screen)));
    if (this.#stop !== undefined) seen.add(this.#stop);
    for (const [id] of this.#nodes) {
      if (!seen.has(scene.graph.indexOf.get(id) as number)) this.#remove(id);
    }
    let made = 0;
    for (const index of seen) {
      const id = idOf(scene.graph, index);
      if (this.#nodes.has(id)) continue;
      if (made++ === MADE_A_FRAME) return true;
      this.#make(scene, index, id);
    }
    return false;
  }

  elementOf(index: number): HTMLButtonElement | undefined {
    return this.#scene === undefined ? undefined : this.#nodes.get(idOf(this.#scene.graph, index));
  }

  #make(scene: Scene, index: number, id: string): void {
    const node = element('button', { type: 'button', class: 'node', tabindex: -1 });
    this.#nodes.set(id, node);
    this.#fill(node, scene, index);
    this.element.append(node);
  }

  #remove(id: string): void {
    this.#nodes.get(id)?.remove();
    this.#nodes.delete(id);
  }

  #fill(target: HTMLButtonElement, { graph, layout, paths }: Scene, index: number): void {
    const node = graph.nodes[index] as LineageGraph['nodes'][number];
    const aloud = nodeAloud(graph, index);
    const rows = rowsInto(graph, index);
    target.style.transform = `translate(${layout.x[index]}px, ${(layout.y[index] as number) - SIZES.nodeHeight / 2}px)`;
    target.dataset.node = String(index);
    this.#markElement(target, node.id, index);
    const shown = `${node.label}|${ageText(node)}|${aloud}|${paths[index]}|${rows === undefined ? '' : passedText(rows)}`;
    if (target.dataset.shown === shown) return;
    target.dataset.shown = shown;
    setAttributes(target, {
      'data-id': node.id,
      title: node.why === '' ? undefined : `${node.label}: ${node.why}`,
      'data-kind': node.kind,
      'data-state': node.state,
      'data-color': STATES[node.state].color,
      'data-path':
        paths[index] === FAILED ? 'failed' : paths[index] === DOWNSTREAM ? 'downstream' : undefined,
    });
    target.replaceChildren(
      element(
        'span',
        { class: 'name' },
        stateIcon(node.state),
        element('span', { class: 'label' }, node.label),
      ),
      element(
        'span',
        { class: 'facts number' },
        element('span', {}, ageText(node)),
        node.rows !== undefined && element('span', { class: 'count' }, compactText(node.rows)),
      ),
      // Beside what is seen, so that people who speak to their computer can say what they see.
      element('span', { class: 'aside' }, `, ${aloud}`),
      ...(rows === undefined ? [] : [flow(rows)]),
    );
  }

  #mark(index: number | undefined): void {
    const scene = this.#scene;
    const id = index === undefined ? undefined : scene?.graph.nodes[index]?.id;
    const node = id === undefined ? undefined : this.#nodes.get(id);
    if (id !== undefined && node !== undefined) this.#markElement(node, id, index as number);
  }

  #markElement(node: HTMLButtonElement, id: string, index: number): void {
    const isStop = index === this.#stop;
    setAttributes(node, {
      tabindex: isStop ? 0 : -1,
      'aria-current': isStop && this.#isCurrent ? 'true' : undefined,
      'data-focus': id === this.#focus,
    });
  }
}

function idOf({ nodes }: LineageGraph, index: number): string {
  return (nodes[index] as LineageGraph['nodes'][number]).id;
}

/** Beside the node, on its one edge: above what went through, below what did not. */
function flow(rows: Rows): HTMLElement {
  const left = leftText(rows);
  return element(
    'span',
    { class: 'flow number', 'aria-hidden': 'true' },
    element('span', {}, passedText(rows)),
    element('span', { class: 'lost' }, left.join(' · ')),
  );
}
