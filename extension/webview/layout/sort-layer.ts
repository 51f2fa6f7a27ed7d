import type { Rows } from './count-crossings.ts';
import type { Neighbours, Part } from './split-parts.ts';

export type Side = 'left' | 'right';

/** Means are told apart down to this part of a layer's height. */
const STEPS = 2 ** 22;

/**
 * Sorts one layer by the mean place of its vertices' neighbours on these sides; a vertex without any stays with the one
 * above it, and equals stay as they were, or turn around.
 */
export function sortLayer(
  part: Part,
  { layers, row }: Rows,
  at: number,
  sides: readonly Side[],
  turnsEquals = false,
): void {
  const layer = layers[at] as Int32Array;
  const size = layer.length;
  if (size < 2) return;
  // Layers of different heights count alike: places are parts of the height.
  const heights = { left: layers[at - 1]?.length ?? 1, right: layers[at + 1]?.length ?? 1 };
  // Mean and old row in one number, so that the engine's own sort for doubles does the work, and is stable.
  const keys = new Float64Array(size);
  let mean = 0;
  for (let place = 0; place < size; place++) {
    const vertex = layer[place] as number;
    let sum = 0;
    let degree = 0;
    for (const side of sides) {
      const { starts, ends }: Neighbours = part[side];
      const [start, stop] = [starts[vertex] as number, starts[vertex + 1] as number];
      let rows = 0;
      for (let end = start; end < stop; end++) rows += row[ends[end] as number] as number;
      sum += rows / heights[side];
      degree += stop - start;
    }
    if (degree > 0) mean = Math.round((STEPS * sum) / degree);
    keys[place] = mean * size + (turnsEquals ? size - 1 - place : place);
  }
  keys.sort();
  const old = layer.slice();
  for (let place = 0; place < size; place++) {
    const rest = (keys[place] as number) % size;
    const vertex = old[turnsEquals ? size - 1 - rest : rest] as number;
    layer[place] = vertex;
    row[vertex] = place;
  }
}
