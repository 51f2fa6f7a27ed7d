/** Seeded randomness: sfc32 (Chris Doty-Humphrey), 128 bits of state. Every choice of a simulated run comes from here. */
export class Chance {
  readonly #seed: string;
  readonly #state = new Uint32Array(4);

  constructor(seed: string) {
    this.#seed = seed;
    for (let lane = 0; lane < 4; lane++) this.#state[lane] = hash32(`${lane}:${seed}`);
    for (let warmUp = 0; warmUp < 12; warmUp++) this.next32();
  }

  /** A stream of its own: what one part of the world draws does not move what another part draws. */
  fork(label: string): Chance {
    return new Chance(`${this.#seed}/${label}`);
  }

  next32(): number {
    const state = this.#state;
    const [a, b, c, d] = [state[0] as number, state[1] as number, state[2] as number, state[3] as number];
    const sum = (a + b + d) >>> 0;
    state[3] = d + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum;
  }

  /** In [0, 1). */
  next(): number {
    return this.next32() / 2 ** 32;
  }

  /** Both ends are inclusive. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  happens(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.next() * choices.length)];
    if (choice === undefined) throw new Error('nothing to pick from');
    return choice;
  }

  uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.next32().toString(16).padStart(8, '0')).join('');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`];
    return [...parts, hex.slice(20)].join('-');
  }
}

/** FNV-1a. */
export function hash32(text: string, basis = 0x811c9dc5): number {
  let hash = basis;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
