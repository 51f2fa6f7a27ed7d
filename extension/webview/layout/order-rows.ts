import { CrossingCounter, type Rows } from './count-crossings.ts';
import { depthFirst, smoothed } from './first-order.ts';
import { type Side, sortLayer } from './sort-layer.ts';
import type { Part } from './split-parts.ts';
import { transpose } from './transpose.ts';

/** Rounds of sweeping and exchanging; the first that brings nothing is the last. */
const ROUNDS_MAX = 12;
/** Sweeps that look one way, and sweeps that look both ways, in a round. */
const ONE_WAY_SWEEPS = 4;
const TWO_WAY_SWEEPS = 6;

export interface Ordered extends Rows {
  readonly crossings: number;
}

/**
 * Orders the rows of each layer so that few edges cross: from the better of two first orders, sweeps move each vertex to the
 * mean place of its neighbours, then neighbours in a layer are exchanged where that helps; the best order seen is kept.
 * Finding the least is NP-hard, even for two layers.
 */
export function orderRows(part: Part): Ordered {
  const search = new Search(part);
  search.start(depthFirst(part));
  if (search.best.crossings > 0) search.start(smoothed(part));
  for (let round = 0; round < ROUNDS_MAX && search.best.crossings > 0; round++) {
    const before = search.best.crossings;
    search.exchange();
    search.sweepOneWay();
    search.sweepBothWays();
    search.exchange();
    if (search.best.crossings === before) break;
  }
  return search.best;
}

/** Always goes on from the best order seen. */
class Search {
  readonly #part: Part;
  readonly #counter: CrossingCounter;
  best: Ordered = { layers: [], row: new Int32Array(0), crossings: Infinity };

  constructor(part: Part) {
    this.#part = part;
    this.#counter = new CrossingCounter(part);
  }

  start(rows: Rows): void {
    this.#keepIfBetter(rows);
  }

  exchange(): void {
    const rows = copyOf(this.best);
    transpose(this.#part, rows);
    this.#keepIfBetter(rows);
  }

  sweepOneWay(): void {
    const rows = copyOf(this.best);
    for (let sweep = 0; sweep < ONE_WAY_SWEEPS; sweep++) {
      // Every second pair of sweeps turns equals around, which frees orders that are stuck.
      this.#sweep(rows, sweep, [sweep % 2 === 0 ? 'left' : 'right'], sweep >= 2);
    }
  }

  sweepBothWays(): void {
    const rows = copyOf(this.best);
    for (let sweep = 0; sweep < TWO_WAY_SWEEPS; sweep++) this.#sweep(rows, sweep, ['left', 'right'], false);
  }

  #sweep(rows: Rows, sweep: number, sides: readonly Side[], turnsEquals: boolean): void {
    const count = rows.layers.length;
    for (let step = 0; step < count; step++) {
      sortLayer(this.#part, rows, sweep % 2 === 0 ? step : count - 1 - step, sides, turnsEquals);
    }
    this.#keepIfBetter(rows);
  }

  #keepIfBetter(rows: Rows): void {
    const crossings = this.#counter.count(this.#part, rows);
    if (crossings < this.best.crossings) this.best = { ...copyOf(rows), crossings };
  }
}

function copyOf({ layers, row }: Rows): Rows {
  return { layers: layers.map((layer) => layer.slice()), row: row.slice() };
}
