import { element } from '../parts/element.ts';
import { between, type Camera, panned, type Size, zoomed } from './camera.ts';

const WHEEL_ZOOM = 0.0016;
const WHEEL_ZOOM_OF_PINCH = 0.01;
const LINE_PX = 16;
/** Before a press that moves becomes a drag. */
const DRAG_PX = 4;
const FLIGHT_MS = 220;

export interface StageActs {
  readonly onCamera: (camera: Camera) => void;
  readonly onResize: (screen: Size) => void;
  readonly onPress: (target: Element, isSecond: boolean) => void;
  readonly onHover: (target: Element | undefined) => void;
}

/** The window onto the graph: wheel, drag and pinch move the camera, a press that stays is a click. */
export class Stage {
  readonly element = element('div', {
    class: 'stage',
    role: 'application',
    'aria-label': 'Lineage. Arrow keys walk, Enter focuses, slash searches, question mark tells all keys.',
  });
  camera: Camera = { x: 0, y: 0, scale: 1 };
  screen: Size = { width: 0, height: 0 };
  readonly #acts: StageActs;
  readonly #isPart: boolean;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #isDrag = false;
  #pressed: Element | undefined;
  #flight: number | undefined;

  /** `isPart`: of a page that scrolls, so that a wheel without Ctrl and a finger up or down are the page's. */
  constructor(acts: StageActs, isPart: boolean) {
    this.#acts = acts;
    this.#isPart = isPart;
    this.element.classList.toggle('part', isPart);
    const { element: stage } = this;
    stage.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    stage.addEventListener('pointerdown', (event) => this.#onDown(event));
    stage.addEventListener('pointermove', (event) => this.#onMove(event));
    stage.addEventListener('pointerup', (event) => this.#onUp(event));
    stage.addEventListener('pointercancel', (event) => this.#onUp(event));
    stage.addEventListener('pointerleave', () => acts.onHover(undefined));
    // A press is told by `onUp`; a key on the focused button comes as a click without a pointer, and the page knows keys.
    stage.addEventListener('click', (event) => this.#onClick(event));
    new ResizeObserver(() => this.#onResize()).observe(stage);
  }

  look(camera: Camera): void {
    if (this.#flight !== undefined) cancelAnimationFrame(this.#flight);
    this.#flight = undefined;
    this.camera = camera;
    this.#acts.onCamera(camera);
  }

  /** Goes there smoothly, unless people asked for little motion. */
  fly(to: Camera): void {
    const from = this.camera;
    const isNear =
      Math.abs(from.x - to.x) + Math.abs(from.y - to.y) < 1 && Math.abs(from.scale / to.scale - 1) < 0.01;
    if (isNear || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.look(to);
      return;
    }
    const started = performance.now();
    const frame = (now: number) => {
      const part = Math.min(1, Math.max(0, (now - started) / FLIGHT_MS));
      this.look(between(from, to, part));
      if (part < 1) this.#flight = requestAnimationFrame(frame);
    };
    if (this.#flight !== undefined) cancelAnimationFrame(this.#flight);
    this.#flight = requestAnimationFrame(frame);
  }

  #onResize(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === this.screen.width && height === this.screen.height) return;
    this.screen = { width, height };
    this.#acts.onResize(this.screen);
  }

  #at(event: { clientX: number; clientY: number }): { x: number; y: number } {
    const { left, top } = this.element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** As maps do: the wheel zooms with Ctrl (and so does a pinch on a touchpad), else it moves. */
  #onWheel(event: WheelEvent): void {
    if (this.#isPart && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE_PX : event.deltaMode === 2 ? this.screen.height : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.ctrlKey || event.metaKey || isWheelOfMouse(event)) {
      const speed = event.ctrlKey && Math.abs(dy) < 40 ? WHEEL_ZOOM_OF_PINCH : WHEEL_ZOOM;
      this.look(zoomed(this.camera, Math.exp(-dy * speed), this.#at(event)));
    } else if (event.shiftKey && dx === 0) this.look(panned(this.camera, -dy, 0));
    else this.look(panned(this.camera, -dx, -dy));
  }

  #onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, this.#at(event));
    this.#pressed = event.target as Element;
    this.#isDrag = this.#pointers.size > 1;
  }

  #onMove(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) {
      this.#acts.onHover(event.target as Element);
      return;
    }
    const now = this.#at(event);
    if (!this.#isDrag && Math.hypot(now.x - before.x, now.y - before.y) < DRAG_PX) return;
    if (!this.#isDrag) this.element.setPointerCapture(event.pointerId);
    this.#isDrag = true;
    this.element.classList.add('dragged');
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    const moved = panned(
      this.camera,
      (now.x - before.x) / (other ? 2 : 1),
      (now.y - before.y) / (other ? 2 : 1),
    );
    this.#pointers.set(event.pointerId, now);
    if (other === undefined) {
      this.look(moved);
      return;
    }
    const spread = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.look(zoomed(moved, spread(now) / Math.max(1, spread(before)), middle));
  }

  #onUp(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    this.element.classList.remove('dragged');
  }

  #onClick(event: MouseEvent): void {
    const isKey = event.detail === 0;
    if (this.#isDrag && !isKey) return;
    const target = isKey ? (event.target as Element) : (this.#pressed ?? (event.target as Element));
    this.#acts.onPress(target, event.detail >= 2);
  }
}

/** A mouse wheel turns by notches, straight down; a touchpad glides any way. */
function isWheelOfMouse({ deltaX, deltaY, deltaMode, shiftKey }: WheelEvent): boolean {
  return (
    !shiftKey && deltaX === 0 && (deltaMode !== 0 || (Math.abs(deltaY) >= 100 && Number.isInteger(deltaY)))
  );
}
