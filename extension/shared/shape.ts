/**
 * Shapes of what crosses between host and page, checked on arrival at both ends. The page must stay small, so this is a
 * hundred lines of our own and not a schema library; the contract with the agent is checked by `@lakewarden/client`.
 */

/** Undefined when the value has the shape, else where and what is wrong: `.nodes[3].id is not a text`. */
export type Misfit = string | undefined;

export interface Shape<T> {
  (value: unknown): Misfit;
  /** Never set: it carries the type. */
  readonly of?: T;
}
export type Of<S> = S extends Shape<infer T> ? T : never;

interface OptionalShape<T> extends Shape<T | undefined> {
  readonly isOptional: true;
}
type Fields = Readonly<Record<string, Shape<unknown>>>;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalShape<unknown> ? K : never }[keyof F];
type Flat<T> = { readonly [K in keyof T]: T[K] };
type ObjectOf<F> = Flat<
  { [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & { [K in OptionalKeys<F>]?: Of<F[K]> }
>;

/** Keys that are not named are let through: a newer agent may say more. */
export function object<const F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  const entries = Object.entries(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ' is not an object';
    for (const [key, shape] of entries) {
      const misfit = shape((value as Record<string, unknown>)[key]);
      if (misfit !== undefined) return `.${key}${misfit}`;
    }
    return undefined;
  };
}

/** One of several objects, told apart by `type`. */
export function oneOfType<const M extends Readonly<Record<string, Fields>>>(
  members: M,
): Shape<{ [T in keyof M & string]: Flat<{ type: T } & ObjectOf<M[T]>> }[keyof M & string]> {
  const shapes = new Map(Object.entries(members).map(([type, fields]) => [type, object(fields)]));
  return (value) => {
    const type = (value as { type?: unknown } | null | undefined)?.type;
    const shape = typeof type === 'string' ? shapes.get(type) : undefined;
    return shape === undefined ? '.type is none of ours' : shape(value);
  };
}

export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return Object.assign((value: unknown) => (value === undefined ? undefined : shape(value)), {
    isOptional: true as const,
  });
}

export function list<T>(item: Shape<T>, itemsMax: number): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return ' is not a list';
    if (value.length > itemsMax) return ` has more than ${itemsMax} items`;
    for (let at = 0; at < value.length; at++) {
      const misfit = item(value[at]);
      if (misfit !== undefined) return `[${at}]${misfit}`;
    }
    return undefined;
  };
}

/** Text that is shown, of any length: it is cut where it is drawn. */
export const text: Shape<string> = (value) => (typeof value === 'string' ? undefined : ' is not a text');

/** Text that is sent back as it came. */
export const name: Shape<string> = (value) =>
  typeof value !== 'string' || value.length === 0
    ? ' is not a name'
    : value.length > NAME_CHARS_MAX
      ? ` is longer than ${NAME_CHARS_MAX} characters`
      : undefined;
export const NAME_CHARS_MAX = 256;

export const number: Shape<number> = (value) => (Number.isFinite(value) ? undefined : ' is not a number');
export const whole: Shape<number> = (value) =>
  Number.isSafeInteger(value) ? undefined : ' is not a whole number';
export const flag: Shape<boolean> = (value) =>
  typeof value === 'boolean' ? undefined : ' is not true or false';

export function oneOf<const V extends string>(values: readonly V[]): Shape<V> {
  const known: ReadonlySet<unknown> = new Set(values);
  return (value) => (known.has(value) ? undefined : ` is none of ${values.join(', ')}`);
}

/** Counts by name; names that are not known are let through. */
export function counts<const K extends string>(_keys: readonly K[]): Shape<{ readonly [P in K]?: number }> {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ' is not an object';
    for (const [key, count] of Object.entries(value)) {
      const misfit = whole(count);
      if (misfit !== undefined) return `.${key}${misfit}`;
    }
    return undefined;
  };
}

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** `what` begins the sentence: `the answer`. */
export function read<T>(shape: Shape<T>, value: unknown, what: string): Read<T> {
  const misfit = shape(value);
  return misfit === undefined
    ? { ok: true, value: value as T }
    : { ok: false, problem: `${what}${misfit}`.slice(0, 200) };
}
