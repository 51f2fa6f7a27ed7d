import type { Camera, Size } from './camera.ts';
import { seenBox } from './camera.ts';
import { edgesIn, type Painted, paint, paintHot } from './paint.ts';

/** With no more edges than this a painting is done at once, so lines move with the pointer. */
const EDGES_AT_ONCE = 700;
/** Beyond, it is done in pieces of this length, one a task, while the old picture moves along. */
const PIECE_MS = 6;
const PIXEL_RATIO_MAX = 2;

interface Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** What it shows; undefined while it is blank. */
  camera: Camera | undefined;
}

/** Lines under the nodes. Two sheets: one is seen, on the other the next picture grows when it takes long. */
export class GraphCanvas {
  readonly element: HTMLElement;
  #seen: Sheet;
  #next: Sheet;
  readonly #hot: Sheet;
  #screen: Size = { width: 0, height: 0 };
  #job: { readonly camera: Camera; readonly steps: Generator<void, void> } | undefined;
  #isScheduled = false;
  readonly #channel = new MessageChannel();

  constructor() {
    this.element = document.createElement('div');
    this.element.className = 'sheets';
    this.element.setAttribute('aria-hidden', 'true');
    [this.#seen, this.#next, this.#hot] = [createSheet(), createSheet(), createSheet()];
    this.element.append(this.#seen.canvas, this.#next.canvas, this.#hot.canvas);
    this.#next.canvas.style.visibility = 'hidden';
    this.#channel.port1.onmessage = () => this.#work();
  }

  resize(screen: Size): void {
    this.#screen = screen;
    const ratio = pixelRatio();
    for (const { canvas } of [this.#seen, this.#next, this.#hot]) {
      canvas.width = Math.max(1, Math.round(screen.width * ratio));
      canvas.height = Math.max(1, Math.round(screen.height * ratio));
      canvas.style.width = `${screen.width}px`;
      canvas.style.height = `${screen.height}px`;
    }
    this.clear();
  }

  clear(): void {
    this.#job = undefined;
    for (const sheet of [this.#seen, this.#next, this.#hot]) blank(sheet);
  }

  /** `isNew`: what was painted is of another graph or of other colours, so it is not moved along. */
  draw(painted: Painted, hotEdges: readonly number[], isNew: boolean): void {
    begin(this.#hot, painted.camera);
    if (hotEdges.length > 0) paintHot(this.#hot.context, painted, hotEdges);
    const count = edgesIn(painted.scene, seenBox(painted.camera, this.#screen)).length;
    if (count <= EDGES_AT_ONCE) {
      this.#job = undefined;
      begin(this.#seen, painted.camera);
      for (const _ of paint(this.#seen.context, painted));
      this.#follow(painted.camera);
      return;
    }
    if (isNew) blank(this.#seen);
    this.#follow(painted.camera);
    begin(this.#next, painted.camera);
    this.#job = { camera: painted.camera, steps: paint(this.#next.context, painted) };
    this.#schedule();
  }

  get isPainting(): boolean {
    return this.#job !== undefined;
  }

  /** The picture that is there moves with the camera until the new one is done. */
  #follow(camera: Camera): void {
    const { canvas, camera: old } = this.#seen;
    if (old === undefined) return;
    const by = camera.scale / old.scale;
    canvas.style.transform =
      by === 1 && camera.x === old.x && camera.y === old.y
        ? ''
        : `translate(${camera.x - by * old.x}px, ${camera.y - by * old.y}px) scale(${by})`;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#channel.port2.postMessage(undefined);
  }

  #work(): void {
    this.#isScheduled = false;
    const job = this.#job;
    if (job === undefined) return;
    const until = performance.now() + PIECE_MS;
    while (performance.now() < until) {
      if (job.steps.next().done !== true) continue;
      this.#job = undefined;
      [this.#seen, this.#next] = [this.#next, this.#seen];
      this.#seen.canvas.style.transform = '';
      this.#seen.canvas.style.visibility = '';
      this.#next.canvas.style.visibility = 'hidden';
      return;
    }
    this.#schedule();
  }
}

function pixelRatio(): number {
  return Math.min(PIXEL_RATIO_MAX, devicePixelRatio || 1);
}

function createSheet(): Sheet {
  const canvas = document.createElement('canvas');
  return { canvas, context: canvas.getContext('2d') as CanvasRenderingContext2D, camera: undefined };
}

function blank(sheet: Sheet): void {
  sheet.context.setTransform(1, 0, 0, 1, 0, 0);
  sheet.context.clearRect(0, 0, sheet.canvas.width, sheet.canvas.height);
  sheet.camera = undefined;
}

function begin(sheet: Sheet, camera: Camera): void {
  blank(sheet);
  const ratio = pixelRatio();
  const scale = ratio * camera.scale;
  sheet.context.setTransform(scale, 0, 0, scale, ratio * camera.x, ratio * camera.y);
  sheet.camera = camera;
}
