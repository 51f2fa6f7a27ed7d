import type { Page } from '@lakewarden/contracts';

/** One page of a list that has been put in order; the cursor is the key of its last item. Items may come and go between pages. */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Page<Item> & { items: Item[] } {
  const after = cursor === undefined ? -1 : items.findIndex((item) => keyOf(item) === cursor);
  // A cursor whose item has gone starts over: asking again costs little, a hole would mislead.
  const from = after + 1;
  const part = items.slice(from, from + limit);
  const last = part.at(-1);
  return { items: part, ...(last !== undefined && from + limit < items.length && { next: keyOf(last) }) };
}
