import type { WantedSlice } from '../graph/wanted.ts';

/** Input rows of one run: bounds the engine's memory, whatever the history (I15). */
export const RUN_ROWS_MAX = 2_000_000;

export function inputRows(slices: readonly WantedSlice[]): number {
  return slices.reduce(
    (sum, wanted) => sum + wanted.inputs.reduce((n, input) => n + input.digest.rows, 0),
    0,
  );
}

/** Sets of slices whose input rows together stay below the bound of one run; a single slice may exceed it. */
export function batchesOf(stale: readonly WantedSlice[]): readonly (readonly WantedSlice[])[] {
  const batches: WantedSlice[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const wanted of stale) {
    const own = inputRows([wanted]);
    if (rows + own > RUN_ROWS_MAX) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)?.push(wanted);
    rows += own;
  }
  return batches;
}
