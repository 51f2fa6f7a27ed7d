/** Where a pipeline file names a dataset or source; enough for lenses and hovers, and never wrong about where. */
export interface OutlineItem {
  /** `silver.orders`, or `source:orders`. */
  readonly target: string;
  readonly kind: 'dataset' | 'source';
  /** From 0. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

const SECTIONS: Readonly<
  Record<string, (name: string) => { readonly target: string; readonly kind: OutlineItem['kind'] }>
> = {
  sources: (name) => ({ target: `source:${name}`, kind: 'source' }),
  bronze: (name) => ({ target: `bronze.${name}`, kind: 'dataset' }),
  silver: (name) => ({ target: `silver.${name}`, kind: 'dataset' }),
  gold: (name) => ({ target: `gold.${name}`, kind: 'dataset' }),
};

const LINES_MAX = 20_000;
const KEY = /^( *)(?:"([a-z][a-z0-9_]{0,62})"|'([a-z][a-z0-9_]{0,62})'|([a-z][a-z0-9_]{0,62})) *:(?: |$)/;

/**
 * Keys one level below `sources`, `bronze`, `silver` and `gold`, in block style, as pipeline files are written. What is
 * written otherwise is left out.
 */
export function pipelineOutline(text: string): readonly OutlineItem[] {
  const items: OutlineItem[] = [];
  let section: string | undefined;
  /** Of the entries of this section; the first one decides. */
  let indent: number | undefined;
  for (const [line, written] of text.split(/\r?\n/, LINES_MAX).entries()) {
    if (/^\s*(?:#|$)/.test(written)) continue;
    if (/^\S/.test(written)) {
      const name = KEY.exec(written);
      section = name === null ? undefined : nameOf(name);
      indent = undefined;
      continue;
    }
    const found = section === undefined ? null : KEY.exec(written);
    const entry = SECTIONS[section ?? ''];
    if (found === null || entry === undefined) {
      // What is deeper than an entry's key may be anything; what stands before the first one is no mapping.
      indent ??= written.length - written.trimStart().length;
      continue;
    }
    const depth = found[1]?.length ?? 0;
    indent ??= depth;
    if (depth !== indent) continue;
    const name = nameOf(found);
    items.push({ ...entry(name), line, column: written.indexOf(name), length: name.length });
  }
  return items;
}

function nameOf(match: RegExpExecArray): string {
  return match[2] ?? match[3] ?? match[4] ?? '';
}

const REFERENCE = /\b(?:bronze|silver|gold)\.[a-z][a-z0-9_]{0,62}\b/g;
const LINE_CHARS_MAX = 4_000;

/** The dataset that is named at a place: by its key, or as `silver.orders` anywhere in the line. */
export function targetAt(
  outline: readonly OutlineItem[],
  line: number,
  written: string,
  column: number,
): OutlineItem | undefined {
  const key = outline.find(
    (item) => item.line === line && column >= item.column && column <= item.column + item.length,
  );
  if (key !== undefined) return key;
  for (const match of written.slice(0, LINE_CHARS_MAX).matchAll(REFERENCE)) {
    const [target] = match;
    if (column >= match.index && column <= match.index + target.length)
      return { target, kind: 'dataset', line, column: match.index, length: target.length };
  }
  return undefined;
}
