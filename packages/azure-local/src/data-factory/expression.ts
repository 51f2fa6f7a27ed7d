/**
 * The expression language inside definitions, in the part that is emulated: `@pipeline()`, `@activity('x')`,
 * `@dataset()`, `@linkedService()`, `@variables('v')`, `@concat(...)`, `@utcnow([format])`, members by `.` and `[]`,
 * literals, and `@{...}` inside text. Whatever else is refused, never passed through as text.
 * Source: MS Learn "Expressions and functions in Azure Data Factory".
 */
import { isObject, type Json, textOf } from './json.ts';

export type ExpressionNode =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly ExpressionNode[] }
  | { readonly kind: 'member'; readonly of: ExpressionNode; readonly key: ExpressionNode };

/** A definition's string: one expression, or text with expressions in it. */
export type Template =
  | { readonly kind: 'expression'; readonly node: ExpressionNode }
  | { readonly kind: 'text'; readonly parts: readonly (string | ExpressionNode)[] };

export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** What the functions of a place return; a function that is absent is not known there. */
export type Scope = Readonly<Record<string, (args: readonly Json[]) => Json>>;

const expressionCharsMax = 8192;
const nestingMax = 50;

export function parseTemplate(text: string): Template {
  if (!text.includes('@')) return { kind: 'text', parts: [text] };
  if (text.length > expressionCharsMax) {
    throw new ExpressionError(`The expression is longer than ${expressionCharsMax} characters.`);
  }
  if (text.startsWith('@@') && !text.startsWith('@@{')) return { kind: 'text', parts: [text.slice(1)] };
  if (/^@(?![@{])/.test(text)) {
    const parser = new Parser(text, 1);
    const node = parser.expression(0);
    parser.end();
    return { kind: 'expression', node };
  }
  return { kind: 'text', parts: interpolation(text) };
}

function interpolation(text: string): (string | ExpressionNode)[] {
  const parts: (string | ExpressionNode)[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('@{', at);
    if (open < 0) break;
    if (text[open - 1] === '@' && open - 1 >= at) {
      parts.push(text.slice(at, open - 1), '@{');
      at = open + 2;
      continue;
    }
    parts.push(text.slice(at, open));
    const parser = new Parser(text, open + 2);
    parts.push(parser.expression(0));
    at = parser.close('}');
  }
  parts.push(text.slice(at));
  return parts.filter((part) => part !== '');
}

class Parser {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  expression(depth: number): ExpressionNode {
    if (depth > nestingMax) throw this.#fault(`is nested deeper than ${nestingMax}`);
    let node = this.#primary(depth);
    for (;;) {
      this.#space();
      if (this.#take('.')) {
        node = { kind: 'member', of: node, key: { kind: 'literal', value: this.#name() } };
      } else if (this.#take('[')) {
        const key = this.expression(depth + 1);
        this.close(']');
        node = { kind: 'member', of: node, key };
      } else return node;
    }
  }

  /** Consumes `mark` and returns the place behind it. */
  close(mark: string): number {
    this.#space();
    if (!this.#take(mark)) throw this.#fault(`expects '${mark}'`);
    return this.#at;
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('has something behind its end');
  }

  #primary(depth: number): ExpressionNode {
    this.#space();
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("'")) return { kind: 'literal', value: this.#quoted() };
    const number = /^-?\d+(\.\d+)?/.exec(rest)?.[0];
    if (number !== undefined) {
      this.#at += number.length;
      return { kind: 'literal', value: Number(number) };
    }
    const name = this.#name();
    this.#space();
    if (!this.#take('(')) return this.#word(name);
    return { kind: 'call', name: name.toLowerCase(), args: this.#args(depth) };
  }

  #args(depth: number): ExpressionNode[] {
    const args: ExpressionNode[] = [];
    this.#space();
    if (this.#take(')')) return args;
    do {
      args.push(this.expression(depth + 1));
      this.#space();
    } while (this.#take(','));
    this.close(')');
    return args;
  }

  #word(name: string): ExpressionNode {
    if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
    if (name === 'null') return { kind: 'literal', value: null };
    throw this.#fault(`has the unknown word '${name}'`);
  }

  #quoted(): string {
    const match = /^'((?:[^']|'')*)'/.exec(this.#text.slice(this.#at));
    if (match?.[1] === undefined) throw this.#fault('has a text without its closing quote');
    this.#at += match[0].length;
    return match[1].replaceAll("''", "'");
  }

  #name(): string {
    const name = /^[A-Za-z_][A-Za-z0-9_-]*/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) throw this.#fault('expects a name');
    this.#at += name.length;
    return name;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #take(mark: string): boolean {
    if (!this.#text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  #fault(what: string): ExpressionError {
    return new ExpressionError(`The expression '${this.#text}' ${what} at position ${this.#at}.`);
  }
}

export function evaluateTemplate(template: Template, scope: Scope): Json {
  if (template.kind === 'expression') return evaluate(template.node, scope);
  return template.parts
    .map((part) => (typeof part === 'string' ? part : textOf(evaluate(part, scope))))
    .join('');
}

function evaluate(node: ExpressionNode, scope: Scope): Json {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'call': {
      const known = Object.hasOwn(scope, node.name) ? scope[node.name] : undefined;
      if (known === undefined) {
        throw new ExpressionError(`The function '${node.name}' is not known here to the local Data Factory.`);
      }
      return known(node.args.map((arg) => evaluate(arg, scope)));
    }
    case 'member':
      return member(evaluate(node.of, scope), evaluate(node.key, scope));
  }
}

function member(of: Json, key: Json): Json {
  if (Array.isArray(of) && typeof key === 'number') {
    const item = (of as readonly Json[])[key];
    if (item !== undefined) return item;
  } else if (isObject(of) && typeof key === 'string') {
    const name = Object.keys(of).find((candidate) => candidate.toLowerCase() === key.toLowerCase());
    const value = name === undefined ? undefined : of[name];
    if (value !== undefined) return value;
    const available = Object.keys(of).join(', ');
    throw new ExpressionError(
      `The expression cannot be evaluated because property '${key}' doesn't exist, available properties are '${available}'.`,
    );
  }
  throw new ExpressionError(`The expression cannot be evaluated because '${textOf(key)}' can't be selected.`);
}

/** Every call in a template, outermost first, with the members that are read from it by literal names. */
export function callsOf(template: Template): readonly CallUse[] {
  const uses: CallUse[] = [];
  const visit = (node: ExpressionNode, members: readonly string[]): void => {
    if (node.kind === 'call') {
      uses.push({ name: node.name, args: node.args, members });
      for (const arg of node.args) visit(arg, []);
    } else if (node.kind === 'member') {
      const literal = node.key.kind === 'literal' ? textOf(node.key.value) : '*';
      visit(node.of, [literal, ...members]);
      visit(node.key, []);
    }
  };
  const nodes = template.kind === 'expression' ? [template.node] : template.parts;
  for (const node of nodes) if (typeof node !== 'string') visit(node, []);
  return uses;
}

export interface CallUse {
  readonly name: string;
  readonly args: readonly ExpressionNode[];
  readonly members: readonly string[];
}

/** Replaces every expression in a definition's value, also those wrapped as `{type:'Expression', value}`. */
export function resolveValue(value: Json | undefined, scope: Scope): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return evaluateTemplate(parseTemplate(value), scope);
  if (typeof value !== 'object') return value;
  if (!isObject(value)) return (value as readonly Json[]).map((item) => resolveValue(item, scope));
  if (isSecret(value)) return value;
  if (value.type === 'Expression') return resolveValue(value.value, scope);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveValue(item, scope)]));
}

/** All strings of a value that may hold expressions, with the path that leads to each. */
export function stringsOf(value: Json | undefined, path = ''): readonly { path: string; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  if (isSecret(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    stringsOf(item as Json, path === '' ? key : `${path}.${key}`),
  );
}

/** Secrets are taken literally: a password may begin with `@`. */
export function isSecret(value: unknown): boolean {
  return isObject(value) && value.type === 'SecureString';
}
