import { DOWNSTREAM, FAILED, failurePaths, type LineageGraph, rowsInto } from '../../shared/lineage-graph.ts';
import { NODE_KINDS } from '../../shared/states.ts';
import { type Layout, type LayoutInput, SIZES } from '../layout/layout-types.ts';
import type { Box } from './camera.ts';

/** A graph and where its things are: all that drawing needs. */
export interface Scene {
  readonly graph: LineageGraph;
  readonly layout: Layout;
  /** By node, what failure does to it. */
  readonly paths: Uint8Array;
  /** By edge: 0 quiet, 1 it leads into what failed, 2 it carries the failure on. */
  readonly edgePaths: Uint8Array;
  /** By edge, what its line covers: left, top, right, bottom. */
  readonly edgeBoxes: Float32Array;
}

export function layoutInput(graph: LineageGraph): LayoutInput {
  return {
    kinds: Uint8Array.from(graph.nodes, ({ kind }) => NODE_KINDS.indexOf(kind)),
    from: graph.from,
    to: graph.to,
    labelled: Uint8Array.from(graph.nodes, (_, node) => (rowsInto(graph, node) === undefined ? 0 : 1)),
  };
}

export function createScene(graph: LineageGraph, layout: Layout): Scene {
  return { graph, layout, ...pathsOf(graph), edgeBoxes: boxesOf(layout) };
}

/** The same places, other states. */
export function withGraph(scene: Scene, graph: LineageGraph): Scene {
  return { ...scene, graph, ...pathsOf(graph) };
}

function pathsOf(graph: LineageGraph): Pick<Scene, 'paths' | 'edgePaths'> {
  const paths = failurePaths(graph);
  const edgePaths = Uint8Array.from(graph.from, (tail, edge) => {
    if (paths[tail] === FAILED || paths[tail] === DOWNSTREAM) return DOWNSTREAM;
    return paths[graph.to[edge] as number] === FAILED ? FAILED : 0;
  });
  return { paths, edgePaths };
}

function boxesOf({ points, pointStarts }: Layout): Float32Array {
  const boxes = new Float32Array(4 * (pointStarts.length - 1));
  for (let edge = 0; edge + 1 < pointStarts.length; edge++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = pointStarts[edge] as number; at < (pointStarts[edge + 1] as number); at++) {
      const [x, y] = [points[2 * at] as number, points[2 * at + 1] as number];
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    boxes.set([left, top, right, bottom], 4 * edge);
  }
  return boxes;
}

export function nodeBox({ x, y }: Layout, node: number): Box {
  const [left, middle] = [x[node] as number, y[node] as number];
  return {
    left,
    right: left + SIZES.nodeWidth,
    top: middle - SIZES.nodeHeight / 2,
    bottom: middle + SIZES.nodeHeight / 2,
  };
}

export function worldBox({ width, height }: Layout): Box {
  return { left: 0, top: 0, right: width, bottom: height };
}

/** Nodes that a part of the world shows, column by column; each column is sorted, so this is a search. */
export function nodesIn({ layerX, order, starts, y }: Layout, box: Box): number[] {
  const found: number[] = [];
  const half = SIZES.nodeHeight / 2;
  for (let layer = 0; layer < layerX.length; layer++) {
    const left = layerX[layer] as number;
    // What stands left of a node, its accounting, is seen too.
    if (left - SIZES.labelledGap > box.right || left + SIZES.nodeWidth < box.left) continue;
    const end = starts[layer + 1] as number;
    for (let at = firstBelow(order, y, starts[layer] as number, end, box.top - half); at < end; at++) {
      const node = order[at] as number;
      if ((y[node] as number) - half > box.bottom) break;
      found.push(node);
    }
  }
  return found;
}

function firstBelow(order: Int32Array, y: Float32Array, start: number, end: number, top: number): number {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((y[order[middle] as number] as number) < top) low = middle + 1;
    else high = middle;
  }
  return low;
}
