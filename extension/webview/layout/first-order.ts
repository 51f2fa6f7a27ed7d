import type { Rows } from './count-crossings.ts';
import type { Neighbours, Part } from './split-parts.ts';

/** Over the whole part from its first layer: trees come out without a crossing. */
export function depthFirst(part: Part): Rows {
  const seen = new Uint8Array(part.layer.length);
  const order: number[] = [];
  const stack: number[] = [];
  for (let root = 0; root < part.layer.length; root++) {
    if (part.layer[root] !== part.layersUsed.first) continue;
    stack.push(root);
    while (stack.length > 0) {
      const vertex = stack.pop() as number;
      if (seen[vertex] === 1) continue;
      seen[vertex] = 1;
      order.push(vertex);
      pushNeighbours(part.left, vertex, stack);
      pushNeighbours(part.right, vertex, stack);
    }
  }
  return rowsOf(part, order);
}

const SMOOTHINGS_MAX = 400;
const SMOOTHINGS_MIN = 60;
/** Ends of segments that are looked at, over all smoothings. */
const LOOKS_MAX = 4_000_000;
/** How often the numbers are spread again, so that they do not all become the same. */
const SPREAD_EVERY = 10;

/**
 * By one number a vertex, the mean of its neighbours' again and again: what belongs together comes together, in the large as
 * well as near by. (Power iteration towards the second eigenvector of the random walk, from a start that is good already:
 * the distance from one end of the part.) Sweeps alone see two layers at a time and leave large graphs folded.
 */
export function smoothed(part: Part): Rows {
  const { left, right } = part;
  const count = part.layer.length;
  const far = breadthFirst(part, 0);
  let place = new Float64Array(count);
  breadthFirst(part, far[far.length - 1] as number).forEach((vertex, at) => {
    place[vertex] = at;
  });
  let next = new Float64Array(count);
  const looks = Math.max(1, 2 * right.ends.length);
  const rounds = Math.min(SMOOTHINGS_MAX, Math.max(SMOOTHINGS_MIN, Math.round(LOOKS_MAX / looks)));
  for (let round = 1; round <= rounds; round++) {
    for (let vertex = 0; vertex < count; vertex++) {
      const degree = degreeOf(left, vertex) + degreeOf(right, vertex);
      const own = place[vertex] as number;
      const near = sumOver(left, vertex, place) + sumOver(right, vertex, place);
      next[vertex] = degree === 0 ? own : 0.5 * own + (0.5 * near) / degree;
    }
    [place, next] = [next, place];
    if (round % SPREAD_EVERY === 0) spread(part, place);
  }
  const order = Array.from(place, (_, vertex) => vertex);
  return rowsOf(
    part,
    order.sort((a, b) => (place[a] as number) - (place[b] as number) || a - b),
  );
}

/** Takes the mean out, each vertex counting as its degree does in the walk, and gives the rest its size again. */
function spread({ left, right }: Part, place: Float64Array): void {
  let sum = 0;
  let mass = 0;
  for (let vertex = 0; vertex < place.length; vertex++) {
    const degree = degreeOf(left, vertex) + degreeOf(right, vertex);
    sum += degree * (place[vertex] as number);
    mass += degree;
  }
  const mean = mass === 0 ? 0 : sum / mass;
  let most = 0;
  for (let vertex = 0; vertex < place.length; vertex++) {
    place[vertex] = (place[vertex] as number) - mean;
    most = Math.max(most, Math.abs(place[vertex] as number));
  }
  if (most === 0) return;
  for (let vertex = 0; vertex < place.length; vertex++) place[vertex] = (place[vertex] as number) / most;
}

function degreeOf({ starts }: Neighbours, vertex: number): number {
  return (starts[vertex + 1] as number) - (starts[vertex] as number);
}

function sumOver({ starts, ends }: Neighbours, vertex: number, place: Float64Array): number {
  let sum = 0;
  const stop = starts[vertex + 1] as number;
  for (let at = starts[vertex] as number; at < stop; at++) sum += place[ends[at] as number] as number;
  return sum;
}

function breadthFirst(part: Part, root: number): readonly number[] {
  const seen = new Uint8Array(part.layer.length);
  const order = [root];
  seen[root] = 1;
  const near: number[] = [];
  for (let at = 0; at < order.length; at++) {
    pushNeighbours(part.left, order[at] as number, near);
    pushNeighbours(part.right, order[at] as number, near);
    while (near.length > 0) {
      const vertex = near.pop() as number;
      if (seen[vertex] === 1) continue;
      seen[vertex] = 1;
      order.push(vertex);
    }
  }
  return order;
}

/** By the order, layer by layer. Vertices that no segment reaches (an edge without bends) come last. */
function rowsOf(part: Part, order: readonly number[]): Rows {
  const { first, last } = part.layersUsed;
  const found: number[][] = Array.from({ length: last - first + 1 }, () => []);
  const seen = new Uint8Array(part.layer.length);
  const take = (vertex: number) => {
    if (seen[vertex] === 1) return;
    seen[vertex] = 1;
    found[(part.layer[vertex] as number) - first]?.push(vertex);
  };
  order.forEach(take);
  for (let vertex = 0; vertex < part.layer.length; vertex++) take(vertex);
  const row = new Int32Array(part.layer.length);
  const layers = found.map((vertices) => Int32Array.from(vertices));
  for (const layer of layers) for (let at = 0; at < layer.length; at++) row[layer[at] as number] = at;
  return { layers, row };
}

/** Last neighbour first: the first one is then the next to be popped. */
function pushNeighbours({ starts, ends }: Neighbours, vertex: number, stack: number[]): void {
  for (let at = (starts[vertex + 1] as number) - 1; at >= (starts[vertex] as number); at--) {
    stack.push(ends[at] as number);
  }
}
