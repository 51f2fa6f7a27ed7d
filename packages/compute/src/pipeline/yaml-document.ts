import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export type Path = readonly (string | number)[];

export interface Position {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly message: string;
  readonly remedy?: string;
}

/** A file of untrusted text: what is past these bounds is refused before it costs anything (I15). */
const TEXT_LENGTH_MAX = 1024 * 1024;
const DEPTH_MAX = 32;
const PROBLEMS_MAX = 20;

/** Plain data of a YAML text, and where each part of it stood. */
export class YamlDocument {
  readonly value: unknown;
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #places: ReadonlyMap<string, Place>;

  constructor(value: unknown, text: string, lines: LineCounter, places: ReadonlyMap<string, Place>) {
    this.value = value;
    this.#text = text;
    this.#lines = lines;
    this.#places = places;
  }

  /** Where the value at `path` begins; of the nearest part above it when there is none. */
  at(path: Path): Position {
    return this.#position(this.#nearest(path)?.value ?? 0);
  }

  /** Where the key of `path` stands. */
  atKey(path: Path): Position {
    const place = this.#places.get(placeKey(path));
    return place === undefined ? this.at(path) : this.#position(place.key ?? place.value);
  }

  /** Where character `offset` of the text value at `path` stands, in whatever YAML style it is written. */
  inside(path: Path, offset: number): Position {
    const place = this.#places.get(placeKey(path));
    if (place === undefined || place.text === undefined) return this.at(path);
    return this.#position(alignText(this.#text, place, place.text, offset));
  }

  #nearest(path: Path): Place | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = this.#places.get(placeKey(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

interface Place {
  readonly key: number | undefined;
  readonly value: number;
  readonly end: number;
  /** Value of a text scalar. */
  readonly text: string | undefined;
  readonly isBlock: boolean;
}

export type YamlReading =
  | { readonly kind: 'read'; readonly document: YamlDocument }
  | { readonly kind: 'problems'; readonly problems: readonly YamlProblem[] };

/**
 * Reads one YAML 1.2 document into plain data (objects without a prototype). Aliases and tags are refused: they can make
 * a small file large and mean nothing here. `beginning` is what an empty file should begin with. Never throws.
 */
export function readYaml(text: string, beginning = 'pipeline: name'): YamlReading {
  if (text.length > TEXT_LENGTH_MAX) {
    const message = `longer than ${TEXT_LENGTH_MAX} characters`;
    return { kind: 'problems', problems: [{ line: 1, column: 1, message, remedy: 'split it' }] };
  }
  const lines = new LineCounter();
  // uniqueKeys compares every key with every other: ours uses a map. Pretty errors would copy the text into messages.
  const parsed = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    version: '1.2',
  });
  const problems: YamlProblem[] = [];
  const report = (offset: number, message: string, remedy?: string) => {
    if (problems.length >= PROBLEMS_MAX) return;
    const { line, col } = lines.linePos(offset);
    problems.push({ line: Math.max(1, line), column: Math.max(1, col), message, ...(remedy && { remedy }) });
  };
  for (const error of [...parsed.errors, ...parsed.warnings]) {
    const [first = ''] = error.message.split('\n');
    report(
      error.pos[0],
      `YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`,
      YAML_REMEDIES[error.code],
    );
  }
  if (problems.length > 0) return { kind: 'problems', problems };
  const conversion = new Conversion(report, beginning);
  const value = conversion.convert(parsed.contents, []);
  return problems.length > 0
    ? { kind: 'problems', problems }
    : { kind: 'read', document: new YamlDocument(value, text, lines, conversion.places) };
}

const YAML_REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'keep one document in the file: take "---" away',
  TAG_RESOLVE_FAILED: 'take the tag away',
  BAD_INDENT: 'indent the parts of a list or of an object alike',
};

class Conversion {
  readonly places = new Map<string, Place>();
  readonly #report: (offset: number, message: string, remedy?: string) => void;
  readonly #beginning: string;

  constructor(report: (offset: number, message: string, remedy?: string) => void, beginning: string) {
    this.#report = report;
    this.#beginning = beginning;
  }

  convert(node: unknown, path: Path, key?: number): unknown {
    if (node === null || !isNode(node)) {
      if (path.length === 0) this.#report(0, 'the file is empty', `begin with "${this.#beginning}"`);
      this.places.set(placeKey(path), {
        key,
        value: key ?? 0,
        end: key ?? 0,
        text: undefined,
        isBlock: false,
      });
      return null;
    }
    const [start, end] = node.range ?? [key ?? 0, key ?? 0];
    const text = isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
    const isBlock = isScalar(node) && (node.type === 'BLOCK_FOLDED' || node.type === 'BLOCK_LITERAL');
    this.places.set(placeKey(path), { key, value: start, end, text, isBlock });
    return this.#value(node, path, start);
  }

  #value(node: Node, path: Path, start: number): unknown {
    if (path.length > DEPTH_MAX) {
      this.#report(start, `deeper than ${DEPTH_MAX} levels`);
      return null;
    }
    if (isAlias(node)) {
      this.#report(start, 'aliases are not allowed here', 'write the value out');
      return null;
    }
    if (node.tag !== undefined) {
      this.#report(start, 'tags are not allowed here', 'take the tag away');
      return null;
    }
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.convert(item, [...path, index]));
    return isMap(node) ? this.#object(node.items, path) : null;
  }

  #object(pairs: readonly unknown[], path: Path): Record<string, unknown> {
    // Without a prototype, a key such as "constructor" is a name like any other.
    const object: Record<string, unknown> = Object.create(null);
    for (const pair of pairs) {
      if (!isPair(pair) || !isNode(pair.key)) continue;
      const at = pair.key.range?.[0] ?? 0;
      const name = isScalar(pair.key) ? pair.key.value : undefined;
      if (typeof name !== 'string') this.#report(at, 'a key must be a text', 'write it in quotes');
      else if (name === '__proto__') this.#report(at, '"__proto__" is no name');
      else if (name in object) this.#report(at, `"${name}" stands here twice`, 'keep one of them');
      else object[name] = this.convert(pair.value, [...path, name], at);
    }
    return object;
  }
}

function placeKey(path: Path): string {
  return JSON.stringify(path);
}

/**
 * Offset in the source of character `offset` of a scalar's value. Styles differ from the value only in quotes, escapes,
 * indent and line breaks, so both texts are walked together and white space does not count.
 */
function alignText(source: string, place: Place, value: string, offset: number): number {
  let at = place.value;
  if (place.isBlock) {
    const headerEnd = source.indexOf('\n', at);
    at = headerEnd < 0 ? at : headerEnd + 1;
  }
  const target = Math.min(offset, value.length);
  for (let index = 0; index < target; index += 1) {
    const character = value[index] ?? '';
    if (isBlank(character)) continue;
    const found = source.indexOf(character, at);
    if (found < 0 || found >= place.end) return place.value;
    at = found + 1;
  }
  while (at < place.end && isBlank(source[at] ?? '') && !isBlank(value[target] ?? '')) at += 1;
  const next = value[target];
  const isQuote = next !== undefined && source[at] !== next && (source[at] === "'" || source[at] === '"');
  return isQuote ? at + 1 : at;
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}
