/** How the world of the graph lies on the screen: `screen = world · scale + (x, y)`, in CSS pixels. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const SCALE_MIN = 0.01;
export const SCALE_MAX = 2;
/** Below, names cannot be read: nodes are drawn as boxes. */
export const SCALE_OF_TEXT = 0.4;
/** A view that is fitted comes no nearer than this. */
const SCALE_OF_FIT_MAX = 1.1;

/** The point under the pointer stays where it is. */
export function zoomed(
  camera: Camera,
  factor: number,
  at: { readonly x: number; readonly y: number },
): Camera {
  const scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, camera.scale * factor));
  const by = scale / camera.scale;
  return { scale, x: at.x - (at.x - camera.x) * by, y: at.y - (at.y - camera.y) * by };
}

export function panned({ x, y, scale }: Camera, dx: number, dy: number): Camera {
  return { x: x + dx, y: y + dy, scale };
}

/** All of the box, in the middle of the screen below `top`. */
export function fitted(box: Box, screen: Size, margin: Margin): Camera {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const room = {
    width: Math.max(40, screen.width - margin.left - margin.right),
    height: Math.max(40, screen.height - margin.top - margin.bottom),
  };
  const scale = Math.max(
    SCALE_MIN,
    Math.min(SCALE_OF_FIT_MAX, room.width / Math.max(1, width), room.height / Math.max(1, height)),
  );
  return {
    scale,
    x: margin.left + (room.width - width * scale) / 2 - box.left * scale,
    y: margin.top + (room.height - height * scale) / 2 - box.top * scale,
  };
}

export interface Margin {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The box in the middle, at this scale. */
export function centred(box: Box, scale: number, screen: Size, margin: Margin): Camera {
  return {
    scale,
    x: (margin.left + screen.width - margin.right) / 2 - ((box.left + box.right) / 2) * scale,
    y: (margin.top + screen.height - margin.bottom) / 2 - ((box.top + box.bottom) / 2) * scale,
  };
}

/** Moved no more than it takes to see the box whole; not at all when it is seen. */
export function revealing(camera: Camera, box: Box, screen: Size, margin: Margin): Camera {
  const left = box.left * camera.scale + camera.x;
  const right = box.right * camera.scale + camera.x;
  const top = box.top * camera.scale + camera.y;
  const bottom = box.bottom * camera.scale + camera.y;
  return panned(
    camera,
    shift(left, right, margin.left, screen.width - margin.right),
    shift(top, bottom, margin.top, screen.height - margin.bottom),
  );
}

function shift(start: number, end: number, low: number, high: number): number {
  if (start < low) return low - start;
  return end > high ? Math.max(low - start, high - end) : 0;
}

/** What part of the world the screen shows. */
export function seenBox({ x, y, scale }: Camera, { width, height }: Size): Box {
  return { left: -x / scale, top: -y / scale, right: (width - x) / scale, bottom: (height - y) / scale };
}

/** Between two views, `part` from 0 to 1; scales change by factors, so that a long way looks even. */
export function between(a: Camera, b: Camera, part: number): Camera {
  const eased = 1 - (1 - part) ** 3;
  const scale = a.scale * (b.scale / a.scale) ** eased;
  return { scale, x: a.x + (b.x - a.x) * eased, y: a.y + (b.y - a.y) * eased };
}
