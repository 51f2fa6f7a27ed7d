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

  /** Takes the oldest that `mayGo` away until there are at most `max`, or only such as may not. */
  trim<Name extends MapName>(
    name: Name,
    max: number,
    mayGo: (value: Mutable<Name> extends Map<string, infer Value> ? Value : never) => boolean = () => true,
  ): void {
    let surplus = this.read(name).size - max;
    if (surplus <= 0) return;
    const map = this.write(name) as unknown as Map<string, never>;
    for (const [key, value] of map) {
      if (!mayGo(value)) continue;
      map.delete(key);
      surplus -= 1;
      if (surplus === 0) return;
    }
  }

  /** The state as it is at each moment, without a copy: not to be kept. */
  view(): ControlState {
    const names = Object.keys(this.#base).filter((name) => name !== 'head') as MapName[];
    const view = Object.defineProperty({}, 'head', { get: () => this.head });
    for (const name of names) Object.defineProperty(view, name, { get: () => this.read(name) });
    return view as ControlState;
  }

  done(): ControlState {
    return { ...this.#base, ...(this.#own as Partial<ControlState>), head: this.head };
  }
}
