import type { Sizes } from './layout-types.ts';
import type { Part } from './split-parts.ts';

export interface PlacedPart {
  readonly part: Part;
  /** By vertex, within the part. */
  readonly y: Float64Array;
}

/** By part, what is added to its y: each lies below what its own layers hold already, no lower than it must. */
export function stackParts(
  placed: readonly PlacedPart[],
  layers: number,
  { nodeHeight, partGap, rowGap }: Sizes,
): readonly number[] {
  const floor = new Float64Array(layers).fill(-Infinity);
  const top = new Float64Array(layers);
  const bottom = new Float64Array(layers);
  return placed.map(({ part, y }) => {
    const { first, last } = part.layersUsed;
    top.fill(Infinity, first, last + 1);
    bottom.fill(-Infinity, first, last + 1);
    for (let vertex = 0; vertex < y.length; vertex++) {
      const at = part.layer[vertex] as number;
      top[at] = Math.min(top[at] as number, (y[vertex] as number) - nodeHeight / 2);
      bottom[at] = Math.max(bottom[at] as number, (y[vertex] as number) + nodeHeight / 2);
    }
    const gap = y.length === 1 ? rowGap : partGap;
    let shift = -Infinity;
    let isFirst = true;
    for (let at = first; at <= last; at++) {
      if (floor[at] === -Infinity) continue;
      isFirst = false;
      shift = Math.max(shift, (floor[at] as number) + gap - (top[at] as number));
    }
    if (isFirst) shift = -Math.min(...top.subarray(first, last + 1));
    for (let at = first; at <= last; at++) {
      if (bottom[at] !== -Infinity) floor[at] = (bottom[at] as number) + shift;
    }
    return shift;
  });
}
