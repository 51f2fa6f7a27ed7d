import {
  changed,
  currentNode,
  FOCUS_DEPTH,
  focusOn,
  goBack,
  goTo,
  type LineageState,
  matchOf,
  NOWHERE,
  nextIll,
  nextMatch,
  type Place,
  received,
  searchFor,
  withCurrent,
} from '../../shared/lineage-model.ts';
import { firstNode, type Step, walk } from '../../shared/lineage-walk.ts';
import type { LineageAnswer, NodeChange, PageProblem } from '../../shared/messages.ts';
import { plainText } from '../../shared/plain-text.ts';
import { plural } from '../../shared/words.ts';
import { LayoutClient } from '../layout/layout-client.ts';
import type { Layout } from '../layout/layout-types.ts';
import { createAnnouncer } from '../parts/announcer.ts';
import { element } from '../parts/element.ts';
import { Notice } from '../parts/notice.ts';
import { Details } from './details.ts';
import { GraphView } from './graph-view.ts';
import { KeysHelp } from './keys-help.ts';
import type { KeptPlace, LineagePort } from './lineage-port.ts';
import { createScene, layoutInput, type Scene, withGraph } from './scene.ts';
import { SearchBox } from './search-box.ts';
import { Toolbar } from './toolbar.ts';

export interface LineagePageOptions {
  readonly port: LineagePort;
  readonly createWorker: () => Worker;
  readonly kept?: KeptPlace | undefined;
  readonly onFault: (message: string) => void;
  /** It is one thing among others on a page that scrolls. */
  readonly isPart?: boolean;
}

/** The lineage as people use it. Where it runs is the port's business. */
export class LineagePage {
  readonly element: HTMLElement;
  readonly #port: LineagePort;
  readonly #layouts: LayoutClient;
  readonly #announcer = createAnnouncer();
  readonly #view: GraphView;
  readonly #toolbar: Toolbar;
  readonly #search: SearchBox;
  readonly #details: Details;
  readonly #notice: Notice;
  readonly #keys = new KeysHelp();
  #state: LineageState = NOWHERE;
  #scene: Scene | undefined;
  /** The graph that the layout on its way is of. */
  #awaited: LineageState['graph'];
  #kept: KeptPlace | undefined;
  #hasKeyboard = false;

  constructor({ port, createWorker, kept, onFault, isPart = false }: LineagePageOptions) {
    this.#port = port;
    this.#kept = kept;
    this.#layouts = new LayoutClient({
      createWorker,
      onLayout: (layout) => this.#takeLayout(layout),
      onProblem: (problem) => {
        onFault(`layout: ${problem}`);
        this.#notice.show({
          what: 'The lineage could not be laid out.',
          remedy: 'Close the page and open it again.',
        });
      },
    });
    this.#view = new GraphView(
      {
        onPress: (id, isSecond) => this.#press(id, isSecond),
        onCamera: () => this.#save(),
      },
      isPart,
    );
    this.#toolbar = new Toolbar({
      onBack: () => this.#go(goBack(this.#state)),
      onEverything: () => this.#go(goTo(this.#state, { level: this.#state.place.level })),
      onLevel: (level) => level !== this.#state.place.level && this.#go(goTo(this.#state, { level })),
      onState: (state) => this.#walkTo(this.#nextIn(state)),
      onSearch: () => this.#openSearch(),
      onZoom: (factor) => this.#view.zoom(factor),
      onFit: () => this.#view.fit(),
      onKeys: () => this.#keys.show(),
    });
    this.#search = new SearchBox({
      onText: (text) => this.#set(searchFor(this.#state, text)),
      onStep: (step) => {
        this.#set(nextMatch(this.#state, step));
        this.#view.reveal(this.#indexOf(matchOf(this.#state)));
      },
      onChoose: (id) => this.#choose(id),
      onClose: () => this.#closeSearch(),
    });
    this.#details = new Details({
      onFocus: (id) => this.#go(focusOn(this.#state, id)),
      onWalkTo: (id) => this.#walkTo(id),
      onOpen: port.open,
    });
    this.#notice = new Notice(() => this.#ask());
    this.element = element(
      'div',
      { class: 'lineage' },
      this.#toolbar.element,
      element('div', { class: 'middle' }, this.#view.element, this.#details.element, this.#search.element),
      this.#notice.element,
      this.#announcer.element,
      this.#keys.element,
    );
    this.#toolbar.render(this.#state);
    document.addEventListener('keydown', (event) => {
      if (this.#isKeyOfOurs(event) && (this.#view.key(event) || this.#key(event))) event.preventDefault();
    });
  }

  /** Goes somewhere for the first time, or because somebody outside asks. */
  show(place: Place | undefined): void {
    const to = place ?? this.#kept ?? { level: 'table' as const };
    const isFirst = this.#state === NOWHERE;
    this.#go(
      isFirst ? { ...NOWHERE, place: { ...to, current: to.current ?? to.focus } } : goTo(this.#state, to),
    );
  }

  /** The same question again: something may have been missed. */
  askAgain(): void {
    this.#ask();
  }

  receive(answer: LineageAnswer): void {
    this.#notice.clear();
    this.#set(received(this.#state, answer));
    if (answer.nodes.length === 0) {
      this.#notice.show({
        what: 'There is nothing here yet.',
        remedy: 'Datasets appear as soon as the pipeline has some.',
      });
    }
  }

  refuse(problem: PageProblem): void {
    this.#notice.show({ what: plainText(problem.what), remedy: plainText(problem.remedy) });
  }

  change(changes: readonly NodeChange[]): void {
    const before = currentNode(this.#state);
    const next = changed(this.#state, changes);
    if (next.changed.length === 0) {
      this.#state = next.state;
      return;
    }
    this.#set(next.state);
    const now = currentNode(this.#state);
    if (now !== undefined && before !== undefined && now.state !== before.state) {
      this.#announcer.say(`${now.label} is ${now.state} now`);
    }
  }

  connection(state: 'connected' | 'connecting' | 'away', message: string): void {
    this.#notice.connection(state, plainText(message));
  }

  /** To a place: what is known of it is shown at once, and asked for anew. */
  #go(state: LineageState): void {
    const before = this.#state;
    this.#set(state);
    const { level, focus } = state.place;
    if (before !== NOWHERE && before.place.level === level && before.place.focus === focus) return;
    const node = currentNode(this.#state);
    this.#announcer.say(
      focus === undefined
        ? 'Everything'
        : `Focus on ${node?.label ?? focus}, ${plural(state.graph?.nodes.length ?? 0, 'node')}`,
    );
    this.#ask();
  }

  #ask(): void {
    const { level, focus } = this.#state.place;
    if (this.#state.graph === undefined) this.#notice.waiting();
    this.#port.query({ level, focus, depth: FOCUS_DEPTH });
  }

  #set(state: LineageState): void {
    const before = this.#state;
    this.#state = state;
    this.#toolbar.render(state);
    this.#search.render(state);
    if (state.graph !== before.graph && state.graph !== undefined) this.#takeGraph(state.graph);
    this.#renderCurrent();
    this.#save();
  }

  #takeGraph(graph: NonNullable<LineageState['graph']>): void {
    const shape = this.#awaited ?? this.#scene?.graph;
    // Edges are the same objects as long as the shape is.
    if (shape !== undefined && shape.from === graph.from) {
      if (this.#awaited !== undefined) this.#awaited = graph;
      else if (this.#scene !== undefined) {
        this.#scene = withGraph(this.#scene, graph);
        this.#view.refresh(this.#scene);
      }
      return;
    }
    this.#awaited = graph;
    this.#layouts.ask(layoutInput(graph));
  }

  #takeLayout(layout: Layout): void {
    const graph = this.#awaited;
    if (graph === undefined) return;
    this.#awaited = undefined;
    this.#scene = createScene(graph, layout);
    const camera = this.#kept?.camera;
    this.#kept = undefined;
    this.#view.setScene(this.#scene, camera);
    this.#renderCurrent();
    if (this.#hasKeyboard) this.#view.focusCurrent();
    if (camera === undefined)
      this.#view.frame(this.#indexOf(this.#state.place.focus), this.#indexOf(nextIll(this.#state)));
  }

  #renderCurrent(): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    const current = scene.graph.indexOf.get(this.#state.place.current ?? '');
    const stop = current ?? firstNode(scene.layout);
    this.#view.setCurrent(current, stop, this.#state.place.focus);
    if (current === undefined) this.#details.clear();
    else this.#details.show(scene.graph, current, this.#state.place.focus);
    this.#view.setInset(this.#details.inset);
  }

  #press(id: string | undefined, isSecond: boolean): void {
    if (id === undefined) {
      this.#set(withCurrent(this.#state, undefined));
      return;
    }
    this.#hasKeyboard = true;
    if (isSecond) this.#port.open?.(id, 'dataset');
    else this.#go(focusOn(this.#state, id));
    this.#view.focusCurrent();
  }

  #walkTo(id: string | undefined): void {
    if (id === undefined) return;
    this.#set(withCurrent(this.#state, id));
    this.#view.reveal(this.#indexOf(id));
    this.#hasKeyboard = true;
    this.#view.focusCurrent();
  }

  #step(step: Step): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    const current = this.#indexOf(this.#state.place.current);
    const next =
      current === undefined ? firstNode(scene.layout) : walk(scene.graph, scene.layout, current, step);
    if (next === undefined) this.#announcer.say('No further node this way');
    else this.#walkTo(scene.graph.nodes[next]?.id);
  }

  #nextIn(state: string): string | undefined {
    const { graph, place } = this.#state;
    if (graph === undefined) return undefined;
    const start = graph.indexOf.get(place.current ?? '') ?? -1;
    const count = graph.nodes.length;
    for (let step = 1; step <= count; step++) {
      const node = graph.nodes[(start + step) % count];
      if (node?.state === state) return node.id;
    }
    return undefined;
  }

  /** Keys work wherever one is, but a field, a dialog and a button keep their own. */
  #isKeyOfOurs({ target, key }: KeyboardEvent): boolean {
    if (!(target instanceof Element) || target.closest('input, select, dialog[open]') !== null) return false;
    const isPress = key === 'Enter' || key === ' ';
    return !(isPress && target.closest('button') !== null && !this.#view.element.contains(target));
  }

  #key(event: KeyboardEvent): boolean {
    const step = STEPS[`${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.key}`];
    if (step !== undefined) this.#step(step);
    else if (event.ctrlKey || event.metaKey || event.altKey) return false;
    else if (event.key === 'Enter' || event.key === ' ') this.#enter();
    else if (event.key === 'Escape') this.#go(goBack(this.#state));
    else if (event.key === '/') this.#openSearch();
    else if (event.key === 'o') this.#openCurrent();
    else if (event.key === 'f') this.#nextIll();
    else if (event.key === '?') this.#keys.show();
    else return false;
    return true;
  }

  /** Focus first; on what is focused already, open. */
  #enter(): void {
    const { current, focus } = this.#state.place;
    if (current === undefined) return;
    this.#hasKeyboard = true;
    if (current === focus) this.#openCurrent();
    else this.#go(focusOn(this.#state, current));
  }

  #openCurrent(): void {
    const { current } = this.#state.place;
    if (current !== undefined) this.#port.open?.(current, 'dataset');
  }

  #nextIll(): void {
    const id = nextIll(this.#state);
    if (id === undefined) this.#announcer.say('Nothing failed, is late or parked here');
    else this.#walkTo(id);
  }

  #openSearch(): void {
    this.#set(searchFor(this.#state, ''));
  }

  #closeSearch(): void {
    if (this.#state.search === undefined) return;
    this.#set({ ...this.#state, search: undefined });
    this.#view.focusCurrent();
  }

  #choose(id: string | undefined): void {
    this.#set({ ...this.#state, search: undefined });
    this.#walkTo(id);
  }

  #indexOf(id: string | undefined): number | undefined {
    return id === undefined ? undefined : this.#scene?.graph.indexOf.get(id);
  }

  #save(): void {
    const { level, focus, current } = this.#state.place;
    this.#port.save({ level, focus, current, camera: this.#view.camera });
  }
}

const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
  'Ctrl+ArrowLeft': 'column-left',
  'Ctrl+ArrowRight': 'column-right',
};
