import type { LayoutInput } from './layout-types.ts';

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Share of the nodes that is of each kind: as in a lake where gold is many marts and few read them. */
const SHARES = [0.12, 0.16, 0.32, 0.3, 0.1];

export interface LineageOptions {
  readonly nodes: number;
  readonly seed: number;
  /** How far a reader looks beyond its own neighbourhood, as part of the layer: small is tidy, 1 is a hairball. */
  readonly reach?: number;
  /** Of the edges of gold, the part that comes from other gold. */
  readonly goldToGold?: number;
  /** Of all edges, the part that skips a kind. */
  readonly long?: number;
}

/** A lineage such as lakes have: mostly neighbours read neighbours, some gold reads gold, some readers skip a layer. */
export function randomLineage(options: LineageOptions): LayoutInput {
  const { nodes, seed, reach = 0.02, goldToGold = 0.15, long = 0.06 } = options;
  const random = randomOf(seed);
  const kinds = new Uint8Array(nodes);
  const firsts: number[] = [];
  let next = 0;
  SHARES.forEach((share, kind) => {
    firsts.push(next);
    const count = kind === SHARES.length - 1 ? nodes - next : Math.round(share * nodes);
    kinds.fill(kind, next, next + count);
    next += count;
  });
  firsts.push(nodes);
  const from: number[] = [];
  const to: number[] = [];
  const read = (node: number, at: number, kind: number) => {
    const [first, end] = [firsts[kind] as number, firsts[kind + 1] as number];
    const size = end - first;
    if (size <= 0) return;
    const near = at * size + (random() - 0.5) * Math.max(3, reach * size);
    from.push(first + Math.min(size - 1, Math.max(0, Math.floor(near))));
    to.push(node);
  };
  for (let node = 0; node < nodes; node++) {
    const kind = kinds[node] as number;
    if (kind === 0) continue;
    const [first, end] = [firsts[kind] as number, firsts[kind + 1] as number];
    const at = (node - first + 0.5) / (end - first);
    const inputs = kind < 3 ? 1 + Math.floor(random() * 1.4) : 1 + Math.floor(random() * 3);
    for (let input = 0; input < inputs; input++) {
      const skips = random() < long && kind >= 2;
      read(node, at, skips ? kind - 2 : kind - 1);
    }
    if (kind === 3 && random() < goldToGold && node > first) {
      from.push(first + Math.floor(random() * Math.min(node - first, 40)) + Math.max(0, node - first - 40));
      to.push(node);
    }
  }
  return { kinds, from: Int32Array.from(from), to: Int32Array.from(to) };
}
