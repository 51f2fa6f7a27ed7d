import { QUERIES, type QueryName, type QueryResult } from '@lakewarden/contracts';

/** Items of a page that are looked at when not all are. */
const SAMPLE = 32;

/**
 * The answer by its contract, undefined when it is none. `sampled`: of a page with many items only some are looked at,
 * spread over it, first and last among them; so a page of thousands costs no more than one of few.
 */
export function checkAnswer<Name extends QueryName>(
  name: Name,
  value: unknown,
  check: 'all' | 'sampled',
): QueryResult<Name> | undefined {
  const schema = QUERIES[name].output;
  if (check === 'sampled' && isLongPage(value)) {
    const { items } = value;
    const step = (items.length - 1) / (SAMPLE - 1);
    const sample = Array.from({ length: SAMPLE }, (_, index) => items[Math.round(index * step)]);
    return schema.safeParse({ ...value, items: sample }).success ? (value as QueryResult<Name>) : undefined;
  }
  return schema.safeParse(value).data as QueryResult<Name> | undefined;
}

function isLongPage(value: unknown): value is { readonly items: readonly unknown[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'items' in value &&
    Array.isArray(value.items) &&
    value.items.length > SAMPLE
  );
}
