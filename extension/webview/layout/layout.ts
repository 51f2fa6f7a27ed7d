import { assignLayers, type Layers } from './assign-layers.ts';
import type { Layout, LayoutInput, Sizes } from './layout-types.ts';
import { SIZES } from './layout-types.ts';
import { orderRows } from './order-rows.ts';
import { placeRows } from './place-rows.ts';
import { routeEdges } from './route-edges.ts';
import { splitParts } from './split-parts.ts';
import { stackParts } from './stack-parts.ts';

/**
 * Layers from left to right, few crossings, straight long edges. The same input gives the same layout, to the bit: there is
 * no chance in it and no clock.
 */
export function layOut(input: LayoutInput, sizes: Sizes = SIZES): Layout {
  const layers = assignLayers(input);
  const layerX = columnsOf(input, layers, sizes);
  let crossings = 0;
  const placed = splitParts(input, layers).map((part) => {
    const rows = orderRows(part);
    crossings += rows.crossings;
    return { part, y: placeRows(part, rows, sizes) };
  });
  const shifts = stackParts(placed, layerX.length, sizes);

  const x = Float32Array.from(layers.layer, (layer) => layerX[layer] as number);
  const y = new Float32Array(input.kinds.length);
  const lines: (readonly number[] | undefined)[] = new Array(input.from.length);
  placed.forEach(({ part, y: own }, at) => {
    const shift = shifts[at] as number;
    part.nodes.forEach((node, vertex) => {
      y[node] = (own[vertex] as number) + shift;
    });
    routeEdges(part, own, shift, layerX, sizes, (edge, points) => {
      lines[edge] = points;
    });
  });
  const height = y.reduce((most, own) => Math.max(most, own + sizes.nodeHeight / 2), 0);
  const last = layerX[layerX.length - 1];
  return {
    x,
    y,
    layer: layers.layer,
    ...orderOf(layers.layer, y, layerX.length),
    layerKind: layers.layerKind,
    layerX,
    ...packed(lines),
    backward: Uint8Array.from(layers.way, (way) => (way === 1 ? 1 : 0)),
    width: last === undefined ? 0 : last + sizes.nodeWidth,
    height,
    crossings,
  };
}

function columnsOf({ labelled }: LayoutInput, { layer, layerKind }: Layers, sizes: Sizes): Float32Array {
  const gaps = new Float32Array(layerKind.length).fill(sizes.columnGap);
  layer.forEach((own, node) => {
    if (labelled?.[node] === 1) gaps[own] = sizes.labelledGap;
  });
  let x = 0;
  return gaps.map((gap, at) => {
    x += at === 0 ? 0 : sizes.nodeWidth + gap;
    return x;
  });
}

/** What may be moved to another thread instead of copied. */
export function buffersOf(layout: Layout): ArrayBuffer[] {
  return Object.values(layout).flatMap((value) =>
    ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : [],
  );
}

function orderOf(layer: Int32Array, y: Float32Array, layers: number) {
  const order = Int32Array.from(layer, (_, node) => node).sort(
    (a, b) => (layer[a] as number) - (layer[b] as number) || (y[a] as number) - (y[b] as number) || a - b,
  );
  const starts = new Int32Array(layers + 1);
  for (const own of layer) (starts[own + 1] as number)++;
  for (let at = 0; at < layers; at++) starts[at + 1] = (starts[at + 1] as number) + (starts[at] as number);
  return { order, starts };
}

function packed(lines: readonly (readonly number[] | undefined)[]) {
  const pointStarts = new Int32Array(lines.length + 1);
  for (let edge = 0; edge < lines.length; edge++) {
    pointStarts[edge + 1] = (pointStarts[edge] as number) + (lines[edge]?.length ?? 0) / 2;
  }
  const points = new Float32Array(2 * (pointStarts[lines.length] as number));
  for (let edge = 0; edge < lines.length; edge++) {
    const line = lines[edge];
    if (line !== undefined) points.set(line, 2 * (pointStarts[edge] as number));
  }
  return { points, pointStarts };
}
