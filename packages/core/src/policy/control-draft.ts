import type { ControlState } from './control-state.ts';

type Maps = Omit<ControlState, 'head'>;
type MapName = keyof Maps;
type Mutable<Name extends MapName> =
  Maps[Name] extends ReadonlyMap<infer Key, infer Value> ? Map<Key, Value> : never;

/** A state in the making: each map is copied at most once, when it is first written, however many entries are folded. */
export class ControlDraft {
  readonly #base: ControlState;
  readonly #own: { [Name in MapName]?: Mutable<Name> } = {};
  head: ControlState['head'];

  constructor(base: ControlState) {
    this.#base = base;
    this.head = base.head;
  }

  read<Name extends MapName>(name: Name): Maps[Name] {
    return (this.#own[name] as Maps[Name] | undefined) ?? this.#base[name];
  }

  write<Name extends MapName>(name: Name): Mutable<Name> {
    const own = this.#own[name];
    if (own !== undefined) return own;
    const copy = new Map<unknown, unknown>(this.#base[name] as ReadonlyMap<unknown, unknown>);
    this.#own[name] = copy as never;
    return copy as Mutable<Name>;
  }

  /** Takes the oldest that `mayGo` away, as far as there are more than `max` of them. */
  trim<Name extends MapName>(
    name: Name,
    max: number,
    mayGo: (value: Mutable<Name> extends Map<string, infer Value> ? Value : never) => boolean = () => true,
  ): void {
    const map = this.read(name) as ReadonlyMap<string, never>;
    if (map.size <= max) return;
    const candidates = [...map].filter(([, value]) => mayGo(value));
    for (const [key] of candidates.slice(0, Math.max(0, candidates.length - max))) {
      (this.write(name) as Map<string, unknown>).delete(key);
    }
  }

  done(): ControlState {
    return { ...this.#base, ...(this.#own as Partial<ControlState>), head: this.head };
  }
}
