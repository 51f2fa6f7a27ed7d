import { createHash } from 'node:crypto';

/**
 * A seeded stream of numbers (sfc32). Streams with other labels are independent, so that one more draw in one place
 * changes nothing in another: `createRandom(7, 'orders', '2026-01-03')`.
 */
export interface Random {
  /** A whole number in [from, to]. */
  int(from: number, to: number): number;
  /** True once in `times` draws, on average. */
  oneIn(times: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Item i with weight `weights[i]`. */
  weighted<T>(items: readonly (readonly [item: T, weight: number])[]): T;
}

export function createRandom(seed: number, ...labels: readonly (string | number)[]): Random {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...labels]))
    .digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at)) as [number, number, number, number];
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    int,
    oneIn: (times) => next() * times < 1,
    pick: (items) => items[int(0, items.length - 1)] ?? items[0],
    weighted(items) {
      let left = next() * items.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [item, weight] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      return (items.at(-1) as (typeof items)[number])[0];
    },
  };
}
