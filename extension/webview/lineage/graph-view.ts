import { edgesOf } from '../../shared/lineage-graph.ts';
import { onThemeChange, readThemeColors, type ThemeColors } from '../parts/theme-colors.ts';
import {
  type Camera,
  centred,
  fitted,
  type Margin,
  panned,
  revealing,
  SCALE_OF_TEXT,
  zoomed,
} from './camera.ts';
import { ColumnHeads } from './column-heads.ts';
import { GraphCanvas } from './graph-canvas.ts';
import { NodeLayer } from './node-layer.ts';
import { nodeBox, type Scene, worldBox } from './scene.ts';
import { Stage, type StageActs } from './stage.ts';

/** Room around a view that is fitted; above stand the names of the columns, left the accounting of the first one. */
const MARGIN: Margin = { left: 28, right: 28, top: 46, bottom: 28 };
/** Of a walk: the current node is never smaller. */
const SCALE_OF_WALK = 0.8;
/** A view that would be fitted smaller shows what is ill instead. */
const SCALE_OF_FIRST_LOOK = 0.55;
/** In a focus one wants to read. */
const SCALE_OF_FOCUS = 0.66;
const KEY_ZOOM = 1.25;
const KEY_PAN_PX = 80;

export interface GraphViewActs {
  readonly onPress: (id: string | undefined, isSecond: boolean) => void;
  readonly onCamera: () => void;
}

/** The graph on the screen: lines, nodes and heads of columns under one camera. */
export class GraphView {
  readonly element: HTMLElement;
  readonly #stage: Stage;
  readonly #canvas = new GraphCanvas();
  readonly #nodes = new NodeLayer();
  readonly #heads = new ColumnHeads();
  #colors: ThemeColors | undefined;
  #scene: Scene | undefined;
  #current: number | undefined;
  #hover: number | undefined;
  #isNew = false;
  #isScheduled = false;
  #margin = MARGIN;
  #wantsFocus = false;
  /** To be done as soon as there is a size. */
  #frameLater: (() => void) | undefined;

  constructor(acts: GraphViewActs, isPart: boolean) {
    const stageActs: StageActs = {
      onCamera: () => {
        this.#schedule();
        acts.onCamera();
      },
      onResize: (screen) => {
        this.#canvas.resize(screen);
        this.#isNew = true;
        const frame = this.#frameLater;
        this.#frameLater = undefined;
        frame?.();
        this.#schedule();
      },
      onPress: (target, isSecond) => acts.onPress(this.#idAt(target), isSecond),
      onHover: (target) => this.#setHover(target),
    };
    this.#stage = new Stage(stageActs, isPart);
    this.element = this.#stage.element;
    this.element.append(this.#canvas.element, this.#nodes.element, this.#heads.element);
    onThemeChange(() => {
      this.#colors = undefined;
      this.#isNew = true;
      this.#schedule();
    });
  }

  get camera(): Camera {
    return this.#stage.camera;
  }

  setScene(scene: Scene, camera: Camera | undefined): void {
    const isFirst = this.#scene === undefined;
    this.#scene = scene;
    this.#hover = undefined;
    this.#isNew = true;
    this.#nodes.setScene(scene);
    this.#heads.setScene(scene);
    if (camera !== undefined) this.#stage.look(camera);
    if (!isFirst) this.#settle();
    this.#schedule();
  }

  /** Other states at the same places. */
  refresh(scene: Scene): void {
    this.#scene = scene;
    this.#nodes.refresh(scene);
    this.#heads.setScene(scene);
    this.#schedule();
  }

  /** What lies over the graph at the right and below; views are fitted beside it. */
  setInset({ right, bottom }: { readonly right: number; readonly bottom: number }): void {
    this.#margin = { ...MARGIN, right: MARGIN.right + right, bottom: MARGIN.bottom + bottom };
  }

  /** `stop`: where the Tab key lands, also when nothing is current. */
  setCurrent(current: number | undefined, stop: number | undefined, focus: string | undefined): void {
    this.#current = current;
    this.#nodes.setCurrent(stop, focus, current !== undefined);
    this.#schedule();
  }

  /** As soon as it is on the page, the current node gets the keyboard. */
  focusCurrent(): void {
    this.#wantsFocus = true;
    this.#schedule();
  }

  /** All of it if that can be read; else the focus, or what is ill, or the top left. */
  frame(focus: number | undefined, ill: number | undefined): void {
    if (this.#stage.screen.width === 0) {
      this.#frameLater = () => this.frame(focus, ill);
      return;
    }
    const scene = this.#scene;
    if (scene === undefined) return;
    const { screen } = this.#stage;
    const all = fitted(worldBox(scene.layout), screen, this.#margin);
    const target = focus ?? ill;
    if (all.scale >= (focus === undefined ? SCALE_OF_FIRST_LOOK : SCALE_OF_FOCUS)) this.#stage.fly(all);
    else if (target !== undefined)
      this.#stage.fly(centred(nodeBox(scene.layout, target), SCALE_OF_WALK, screen, this.#margin));
    else this.#stage.fly({ scale: SCALE_OF_WALK, x: MARGIN.left, y: MARGIN.top });
  }

  fit(): void {
    if (this.#scene !== undefined)
      this.#stage.fly(fitted(worldBox(this.#scene.layout), this.#stage.screen, this.#margin));
  }

  zoom(factor: number): void {
    const { screen, camera } = this.#stage;
    this.#stage.fly(zoomed(camera, factor, { x: screen.width / 2, y: screen.height / 2 }));
  }

  /** Brings a node into view, large enough to be read. */
  reveal(node: number | undefined): void {
    const scene = this.#scene;
    if (node === undefined || scene === undefined) return;
    const { screen, camera } = this.#stage;
    const box = nodeBox(scene.layout, node);
    const isFar = camera.scale < SCALE_OF_TEXT;
    this.#stage.fly(
      isFar
        ? centred(box, SCALE_OF_WALK, screen, this.#margin)
        : revealing(camera, box, screen, this.#margin),
    );
  }

  /** Keys that move the view. True when this was one. */
  key({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    const pan = PANS[key];
    if (shiftKey && pan !== undefined)
      this.#stage.look(panned(this.#stage.camera, pan[0] * KEY_PAN_PX, pan[1] * KEY_PAN_PX));
    else if (key === '+' || key === '=') this.zoom(KEY_ZOOM);
    else if (key === '-') this.zoom(1 / KEY_ZOOM);
    else if (key === '0') this.fit();
    else return false;
    return true;
  }

  #idAt(target: Element): string | undefined {
    const index = target.closest<HTMLElement>('[data-node]')?.dataset.node;
    return index === undefined ? undefined : this.#scene?.graph.nodes[Number(index)]?.id;
  }

  #setHover(target: Element | undefined): void {
    const index = target?.closest<HTMLElement>('[data-node]')?.dataset.node;
    const hover = index === undefined ? undefined : Number(index);
    if (hover === this.#hover) return;
    this.#hover = hover;
    this.#schedule();
  }

  /** Nodes that were there before glide to their new places, and the lines come after them. */
  #settle(): void {
    this.element.classList.remove('settling');
    void this.element.offsetWidth;
    this.element.classList.add('settling');
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#draw();
    });
  }

  #draw(): void {
    const scene = this.#scene;
    const { camera, screen } = this.#stage;
    if (scene === undefined || screen.width === 0) return;
    this.#colors ??= readThemeColors();
    this.#canvas.draw({ scene, colors: this.#colors, camera, screen }, this.#hotEdges(scene), this.#isNew);
    this.#isNew = false;
    this.#heads.update(camera);
    if (this.#nodes.update(camera, screen)) this.#schedule();
    if (this.#wantsFocus) {
      const node = this.#current === undefined ? undefined : this.#nodes.elementOf(this.#current);
      node?.focus({ preventScroll: true });
      if (node !== undefined) this.#wantsFocus = false;
    }
  }

  #hotEdges({ graph }: Scene): readonly number[] {
    return [this.#current, this.#hover].flatMap((node) =>
      node === undefined ? [] : [...edgesOf(graph.incoming, node), ...edgesOf(graph.outgoing, node)],
    );
  }
}

const PANS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
