import { DOWNSTREAM, FAILED, QUIET } from '../../shared/lineage-graph.ts';
import { STATES } from '../../shared/states.ts';
import { type Layout, SIZES } from '../layout/layout-types.ts';
import type { ThemeColors } from '../parts/theme-colors.ts';
import { type Box, type Camera, SCALE_OF_TEXT, type Size, seenBox } from './camera.ts';
import { nodesIn, type Scene } from './scene.ts';

/** Edges in one path; between two of them painting may be put off to a later task. */
const EDGES_IN_PATH = 150;
const BOXES_IN_STEP = 1_000;
const ARROW = 5;

export interface Painted {
  readonly scene: Scene;
  readonly colors: ThemeColors;
  readonly camera: Camera;
  readonly screen: Size;
}

/** How many edges the camera sees: what a painting costs. */
export function edgesIn({ edgeBoxes }: Scene, box: Box): Int32Array {
  const found = new Int32Array(edgeBoxes.length / 4);
  let count = 0;
  for (let edge = 0; edge < found.length; edge++) {
    const at = 4 * edge;
    if ((edgeBoxes[at] as number) > box.right || (edgeBoxes[at + 2] as number) < box.left) continue;
    if ((edgeBoxes[at + 1] as number) > box.bottom || (edgeBoxes[at + 3] as number) < box.top) continue;
    found[count++] = edge;
  }
  return found.subarray(0, count);
}

/** Paints in steps: bands of the columns, edges (quiet ones first, failure on top), and from afar the nodes as boxes. */
export function* paint(context: CanvasRenderingContext2D, painted: Painted): Generator<void, void> {
  const { scene, colors, camera, screen } = painted;
  const box = seenBox(camera, screen);
  const isFar = camera.scale < SCALE_OF_TEXT;
  const edges = edgesIn(scene, box);
  // A thousand lines on a small screen are a carpet: each is fainter then.
  const crowd = Math.min(1, 12 / Math.sqrt(Math.max(1, edges.length)));
  for (const path of [QUIET, DOWNSTREAM, FAILED]) {
    const own = edges.filter((edge) => scene.edgePaths[edge] === path);
    for (let at = 0; at < own.length; at += EDGES_IN_PATH) {
      const some = own.subarray(at, at + EDGES_IN_PATH);
      context.strokeStyle = path === QUIET ? colors.edge : colors.states['list.errorForeground'];
      context.globalAlpha = path === QUIET ? Math.max(0.35, crowd) : path === DOWNSTREAM ? 0.6 : 1;
      context.lineWidth =
        (path === QUIET ? 1.2 : path === DOWNSTREAM ? 1.5 : 2.2) / Math.max(camera.scale, isFar ? 0 : 0.7);
      if (isFar) context.lineWidth = (path === QUIET ? 0.7 : 1.4) / camera.scale;
      strokeEdges(context, scene, some, isFar);
      if (!isFar) drawArrows(context, scene, some);
      yield;
    }
  }
  context.globalAlpha = 1;
  if (isFar) yield* paintBoxes(context, painted, box);
}

/** Edges of nodes that are looked at, above the rest. */
export function paintHot(context: CanvasRenderingContext2D, painted: Painted, edges: Iterable<number>): void {
  const { scene, colors, camera } = painted;
  for (const isQuiet of [true, false]) {
    const own = Int32Array.from(edges).filter((edge) => (scene.edgePaths[edge] === QUIET) === isQuiet);
    // Failure keeps its colour also where somebody looks.
    context.strokeStyle = isQuiet ? colors.focus : colors.states['list.errorForeground'];
    context.lineWidth = 2.4 / Math.max(camera.scale, 0.05);
    strokeEdges(context, scene, own, camera.scale < SCALE_OF_TEXT);
    if (camera.scale >= SCALE_OF_TEXT) drawArrows(context, scene, own);
  }
}

function strokeEdges(
  context: CanvasRenderingContext2D,
  { layout }: Scene,
  edges: Int32Array,
  isFar: boolean,
): void {
  context.setLineDash([]);
  context.beginPath();
  let dashed = 0;
  for (const edge of edges) {
    if (layout.backward[edge] === 1) dashed++;
    else trace(context, layout, edge, isFar);
  }
  context.stroke();
  if (dashed === 0) return;
  context.setLineDash([5, 4]);
  context.beginPath();
  for (const edge of edges) if (layout.backward[edge] === 1) trace(context, layout, edge, isFar);
  context.stroke();
  context.setLineDash([]);
}

function trace(
  context: CanvasRenderingContext2D,
  { points, pointStarts }: Layout,
  edge: number,
  isFar: boolean,
) {
  const start = pointStarts[edge] as number;
  const end = pointStarts[edge + 1] as number;
  if (end === start) return;
  let [x, y] = [points[2 * start] as number, points[2 * start + 1] as number];
  context.moveTo(x, y);
  for (let at = start + 1; at < end; at++) {
    const [nextX, nextY] = [points[2 * at] as number, points[2 * at + 1] as number];
    if (isFar || Math.abs(nextY - y) < 0.5) context.lineTo(nextX, nextY);
    else {
      const middle = (x + nextX) / 2;
      context.bezierCurveTo(middle, y, middle, nextY, nextX, nextY);
    }
    [x, y] = [nextX, nextY];
  }
}

/** At the reader's end; of an edge that runs backward that is the left one. */
function drawArrows(context: CanvasRenderingContext2D, { layout }: Scene, edges: Int32Array): void {
  const { points, pointStarts, backward } = layout;
  context.fillStyle = context.strokeStyle;
  context.beginPath();
  for (const edge of edges) {
    const [start, end] = [pointStarts[edge] as number, pointStarts[edge + 1] as number];
    if (end === start) continue;
    const isBackward = backward[edge] === 1;
    const at = 2 * (isBackward ? start : end - 1);
    const [x, y] = [points[at] as number, points[at + 1] as number];
    const back = isBackward ? ARROW * 1.4 : -ARROW * 1.4;
    context.moveTo(x, y);
    context.lineTo(x + back, y - ARROW * 0.8);
    context.lineTo(x + back, y + ARROW * 0.8);
    context.closePath();
  }
  context.fill();
}

function* paintBoxes(
  context: CanvasRenderingContext2D,
  { scene, colors, camera }: Painted,
  box: Box,
): Generator<void, void> {
  const { layout, graph, paths } = scene;
  const nodes = nodesIn(layout, box);
  // From very far a node would be less than a pixel: what failed must still be seen.
  const least = 2 / camera.scale;
  for (const isIll of [false, true]) {
    for (let at = 0; at < nodes.length; at++) {
      const node = nodes[at] as number;
      const { state, kind } = graph.nodes[node] as (typeof graph.nodes)[number];
      if ((state !== 'fresh' && state !== 'empty') !== isIll) continue;
      const height = Math.max(SIZES.nodeHeight, isIll ? 2 * least : least);
      context.fillStyle = isIll ? colors.states[STATES[state].color] : colors.kinds[kind];
      context.globalAlpha = isIll ? 1 : paths[node] === QUIET ? 0.45 : 0.7;
      context.fillRect(
        layout.x[node] as number,
        (layout.y[node] as number) - height / 2,
        SIZES.nodeWidth,
        height,
      );
      if (at % BOXES_IN_STEP === BOXES_IN_STEP - 1) yield;
    }
  }
  context.globalAlpha = 1;
}
