import type { Rows } from './count-crossings.ts';
import type { Neighbours, Part } from './split-parts.ts';

const PASSES_MAX = 6;
/** A hub with more neighbours is left where the sweeps put it: comparing it again and again is what costs. */
const DEGREE_MAX = 256;

/** Exchanges vertices next to each other wherever that takes crossings away. */
export function transpose(part: Part, rows: Rows): void {
  const left = sortedRows(part.left);
  const right = sortedRows(part.right);
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    let gain = 0;
    for (let at = 0; at < rows.layers.length; at++) {
      const layer = rows.layers[at] as Int32Array;
      left.load(layer, rows.row);
      right.load(layer, rows.row);
      gain += exchangeIn(layer, rows.row, left, right);
    }
    if (gain === 0) return;
  }
}

function exchangeIn(layer: Int32Array, row: Int32Array, left: SortedRows, right: SortedRows): number {
  let gain = 0;
  for (let place = 0; place + 1 < layer.length; place++) {
    const [u, v] = [layer[place] as number, layer[place + 1] as number];
    const now = left.gainOfExchange(u, v) + right.gainOfExchange(u, v);
    if (now <= 0) continue;
    gain += now;
    layer[place] = v;
    layer[place + 1] = u;
    row[v] = place;
    row[u] = place + 1;
  }
  return gain;
}

interface SortedRows {
  /** Rows of the neighbours of the vertices in this layer, each sorted. They stay right while only this layer changes. */
  load(layer: Int32Array, row: Int32Array): void;
  /** Crossings of the segments of `u`, which is above `v`, less those when they are exchanged. */
  gainOfExchange(u: number, v: number): number;
}

function sortedRows({ starts, ends }: Neighbours): SortedRows {
  const values = new Int32Array(ends.length);
  const degree = (vertex: number) => (starts[vertex + 1] as number) - (starts[vertex] as number);
  return {
    load(layer, row) {
      for (let place = 0; place < layer.length; place++) {
        const vertex = layer[place] as number;
        const [start, stop] = [starts[vertex] as number, starts[vertex + 1] as number];
        if (stop - start > DEGREE_MAX) continue;
        for (let at = start; at < stop; at++) {
          const value = row[ends[at] as number] as number;
          let hole = at;
          while (hole > start && (values[hole - 1] as number) > value) {
            values[hole] = values[hole - 1] as number;
            hole--;
          }
          values[hole] = value;
        }
      }
    },
    gainOfExchange(u, v) {
      const [degreeU, degreeV] = [degree(u), degree(v)];
      if (degreeU === 0 || degreeV === 0 || degreeU > DEGREE_MAX || degreeV > DEGREE_MAX) return 0;
      return inversions(values, starts[u] as number, degreeU, starts[v] as number, degreeV);
    },
  };
}

/** Pairs (a of u, b of v) with a below b, less those with a above b. Both lists are sorted. */
function inversions(values: Int32Array, u: number, countU: number, v: number, countV: number): number {
  let below = 0;
  let above = 0;
  let less = 0;
  let lessOrEqual = 0;
  for (let at = u; at < u + countU; at++) {
    const value = values[at] as number;
    while (less < countV && (values[v + less] as number) < value) less++;
    while (lessOrEqual < countV && (values[v + lessOrEqual] as number) <= value) lessOrEqual++;
    below += less;
    above += countV - lessOrEqual;
  }
  return below - above;
}
