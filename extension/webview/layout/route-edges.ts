import type { Sizes } from './layout-types.ts';
import type { Part } from './split-parts.ts';

/** How far from the middle of a node its edges may end, as part of its height, and how near to each other. */
const SPREAD = 0.3;
const BETWEEN_ENDS_MAX = 7;

/**
 * Into `write`, for each edge of the part, its x, y pairs from left to right. An edge passes a layer on a level line as wide
 * as the nodes there, so it never runs behind one; between layers whoever draws bends it softly.
 */
export function routeEdges(
  part: Part,
  y: Float64Array,
  shift: number,
  layerX: Float32Array,
  sizes: Sizes,
  write: (edge: number, points: readonly number[]) => void,
): void {
  const ends = edgeEnds(part, y, sizes);
  const xOf = (vertex: number) => layerX[part.layer[vertex] as number] as number;
  part.edges.forEach(({ edge, tail, head, firstBend, bends }, at) => {
    const points = [xOf(tail) + sizes.nodeWidth, (y[tail] as number) + (ends.tails[at] as number) + shift];
    for (let bend = firstBend; bend < firstBend + bends; bend++) {
      const level = (y[bend] as number) + shift;
      points.push(xOf(bend), level, xOf(bend) + sizes.nodeWidth, level);
    }
    points.push(xOf(head), (y[head] as number) + (ends.heads[at] as number) + shift);
    write(edge, points);
  });
}

/** Edges of one node leave it side by side, in the order of where they go. */
function edgeEnds(part: Part, y: Float64Array, sizes: Sizes) {
  const tails = new Float64Array(part.edges.length);
  const heads = new Float64Array(part.edges.length);
  const byTail: number[][] = Array.from(part.nodes, () => []);
  const byHead: number[][] = Array.from(part.nodes, () => []);
  part.edges.forEach(({ tail, head }, at) => {
    byTail[tail]?.push(at);
    byHead[head]?.push(at);
  });
  const afterTail = (at: number) => {
    const { firstBend, bends, head } = part.edges[at] as (typeof part.edges)[number];
    return y[bends > 0 ? firstBend : head] as number;
  };
  const beforeHead = (at: number) => {
    const { firstBend, bends, tail } = part.edges[at] as (typeof part.edges)[number];
    return y[bends > 0 ? firstBend + bends - 1 : tail] as number;
  };
  for (const own of byTail) spread(own, afterTail, tails, sizes);
  for (const own of byHead) spread(own, beforeHead, heads, sizes);
  return { tails, heads };
}

function spread(
  edges: number[],
  far: (at: number) => number,
  ends: Float64Array,
  { nodeHeight }: Sizes,
): void {
  if (edges.length < 2) return;
  edges.sort((a, b) => far(a) - far(b) || a - b);
  const between = Math.min(BETWEEN_ENDS_MAX, (2 * SPREAD * nodeHeight) / (edges.length - 1));
  edges.forEach((at, place) => {
    ends[at] = (place - (edges.length - 1) / 2) * between;
  });
}
