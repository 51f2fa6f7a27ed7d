import type { Rows } from './count-crossings.ts';
import type { Sizes } from './layout-types.ts';
import type { Part } from './split-parts.ts';

/** Rounds of one sweep to the right and one to the left. */
const ROUNDS = 6;
/** How much two vertices want to be level: long edges run straight, and nodes give way to them. */
const WEIGHT = { nodeNode: 1, nodeBend: 2, bendBend: 8 };
/** A vertex without neighbours on the side that is looked at wants to stay, a little. */
const WEIGHT_OF_REST = 0.1;
const BEND_HEIGHT = 4;
const BEND_GAP = 10;

/**
 * By vertex, the y of its middle. Each layer in turn takes the places nearest to where its vertices want to be (level with
 * their neighbours), by least squares under the order and the gaps. That is isotonic regression: blocks that would overlap
 * are pooled, and it is exact and linear for one layer.
 */
export function placeRows(part: Part, rows: Rows, sizes: Sizes): Float64Array {
  const y = new Float64Array(part.layer.length);
  const offsets = rows.layers.map((layer) => offsetsOf(part, layer, sizes));
  rows.layers.forEach((layer, at) => {
    const own = offsets[at] as Float64Array;
    const middle = (own[own.length - 1] as number) / 2;
    layer.forEach((vertex, place) => {
      y[vertex] = (own[place] as number) - middle;
    });
  });
  const pool = new Pool(part.layer.length);
  const settle = (at: number, sides: Sides) =>
    settleLayer(part, rows.layers[at] as Int32Array, offsets[at] as Float64Array, y, sides, pool);
  const count = rows.layers.length;
  for (let round = 0; round < ROUNDS; round++) {
    // At first one side, so that a whole wave can pass; at last both, so that neither side wins.
    const isLast = round >= ROUNDS - 2;
    for (let at = 1; at < count; at++) settle(at, isLast ? BOTH : LEFT);
    for (let at = count - 2; at >= 0; at--) settle(at, isLast ? BOTH : RIGHT);
  }
  return y;
}

interface Sides {
  readonly left: boolean;
  readonly right: boolean;
}
const LEFT: Sides = { left: true, right: false };
const RIGHT: Sides = { left: false, right: true };
const BOTH: Sides = { left: true, right: true };

/** By row, the least distance from the first row. */
function offsetsOf({ nodes }: Part, layer: Int32Array, { nodeHeight, rowGap }: Sizes): Float64Array {
  const offsets = new Float64Array(layer.length);
  for (let place = 1; place < layer.length; place++) {
    const above = (layer[place - 1] as number) < nodes.length;
    const below = (layer[place] as number) < nodes.length;
    const heights = (above ? nodeHeight : BEND_HEIGHT) + (below ? nodeHeight : BEND_HEIGHT);
    offsets[place] = (offsets[place - 1] as number) + heights / 2 + (above && below ? rowGap : BEND_GAP);
  }
  return offsets;
}

function settleLayer(
  part: Part,
  layer: Int32Array,
  offsets: Float64Array,
  y: Float64Array,
  sides: Sides,
  pool: Pool,
): void {
  pool.clear();
  for (let place = 0; place < layer.length; place++) {
    const vertex = layer[place] as number;
    let weight = WEIGHT_OF_REST;
    let wanted = WEIGHT_OF_REST * (y[vertex] as number);
    for (const side of [sides.left ? part.left : undefined, sides.right ? part.right : undefined]) {
      if (side === undefined) continue;
      for (let at = side.starts[vertex] as number; at < (side.starts[vertex + 1] as number); at++) {
        const other = side.ends[at] as number;
        const one = weightBetween(part, vertex, other);
        weight += one;
        wanted += one * (y[other] as number);
      }
    }
    pool.add(wanted / weight - (offsets[place] as number), weight);
  }
  pool.read((place, base) => {
    y[layer[place] as number] = base + (offsets[place] as number);
  });
}

function weightBetween({ nodes }: Part, a: number, b: number): number {
  const bends = (a < nodes.length ? 0 : 1) + (b < nodes.length ? 0 : 1);
  return bends === 0 ? WEIGHT.nodeNode : bends === 1 ? WEIGHT.nodeBend : WEIGHT.bendBend;
}

/** Pool-adjacent-violators: the nearest values that do not fall. */
class Pool {
  readonly #value: Float64Array;
  readonly #weight: Float64Array;
  readonly #size: Int32Array;
  #blocks = 0;

  constructor(itemsMax: number) {
    this.#value = new Float64Array(itemsMax);
    this.#weight = new Float64Array(itemsMax);
    this.#size = new Int32Array(itemsMax);
  }

  clear(): void {
    this.#blocks = 0;
  }

  add(value: number, weight: number): void {
    let [pooled, mass, size] = [value, weight, 1];
    while (this.#blocks > 0 && (this.#value[this.#blocks - 1] as number) > pooled) {
      const before = --this.#blocks;
      const massBefore = this.#weight[before] as number;
      pooled = (pooled * mass + (this.#value[before] as number) * massBefore) / (mass + massBefore);
      mass += massBefore;
      size += this.#size[before] as number;
    }
    this.#value[this.#blocks] = pooled;
    this.#weight[this.#blocks] = mass;
    this.#size[this.#blocks++] = size;
  }

  read(take: (place: number, value: number) => void): void {
    let place = 0;
    for (let block = 0; block < this.#blocks; block++) {
      for (let left = this.#size[block] as number; left > 0; left--)
        take(place++, this.#value[block] as number);
    }
  }
}
