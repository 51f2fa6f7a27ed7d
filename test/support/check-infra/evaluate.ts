import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { childOf, fieldOf, type Node } from './bicep-file.ts';

export type Value = string | number | boolean | null | undefined | readonly Value[] | ValueObject;
export interface ValueObject {
  readonly [key: string]: Value;
}

/** What an expression may name. Throws for a name that is not declared. */
export type Lookup = (name: string) => Value;

export interface Scope {
  readonly file: string;
  readonly lookup: Lookup;
  /** Of the machine that deploys, for parameter files. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The part of Bicep that infra/ uses, evaluated as Azure Resource Manager would. What only Azure can know (a principal's
 * id) is a text in guillemets that says what it is. Throws for everything else that it does not know.
 */
export function evaluate(node: Node, scope: Scope): Value {
  const evaluator = EVALUATORS[node.type];
  if (evaluator === undefined) throw new Error(`line ${node.line}: ${node.type} is not known to this check`);
  return evaluator(node, scope);
}

const part = (node: Node, field: string): Node => {
  const found = fieldOf(node, field);
  if (found === undefined) throw new Error(`line ${node.line}: ${node.type} without ${field}`);
  return found;
};

const EVALUATORS: Readonly<Record<string, (node: Node, scope: Scope) => Value>> = {
  number: ({ text }) => Number(text),
  boolean: ({ text }) => text === 'true',
  null: () => null,
  string: text,
  array: ({ children = [] }, scope) => items(children).map((each) => evaluate(each, scope)),
  object: ({ children = [] }, scope) =>
    Object.fromEntries(
      items(children).map((property) => {
        const [key, value] = items(property.children ?? []);
        if (key === undefined || value === undefined)
          throw new Error(`line ${property.line}: half a property`);
        return [key.type === 'string' ? String(text(key, scope)) : (key.text ?? ''), evaluate(value, scope)];
      }),
    ),
  identifier: ({ text: name = '' }, { lookup }) => lookup(name),
  parenthesized_expression: ({ children = [] }, scope) => evaluate(items(children)[0] as Node, scope),
  member_expression: (node, scope) =>
    member(evaluate(part(node, 'object'), scope), part(node, 'property').text ?? '', node),
  subscript_expression: (node, scope) =>
    member(evaluate(part(node, 'object'), scope), evaluate(part(node, 'index'), scope), node),
  ternary_expression: (node, scope) =>
    evaluate(part(node, evaluate(part(node, 'condition'), scope) ? 'consequence' : 'alternative'), scope),
  unary_expression: (node, scope) => {
    const value = evaluate(part(node, 'argument'), scope);
    return part(node, 'operator').text === '!' ? !value : -Number(value);
  },
  binary_expression: binary,
  call_expression: (node, scope) => {
    const name = part(node, 'function').text ?? '';
    const call = FUNCTIONS[name];
    if (call === undefined)
      throw new Error(`line ${node.line}: the function ${name} is not known to this check`);
    const given = items(part(node, 'arguments').children ?? []).map((each) => evaluate(each, scope));
    return call(given, scope);
  },
  for_statement: (node, scope) => loop(node, scope).map(({ body, inner }) => evaluate(body, inner)),
};

function items(children: readonly Node[]): readonly Node[] {
  return children.filter(({ type }) => type !== 'comment');
}

function text({ children = [] }: Node, scope: Scope): string {
  return children
    .map((piece) => {
      if (piece.type === 'interpolation') return String(evaluate(piece.children?.[0] as Node, scope));
      if (piece.type === 'escape_sequence') return ESCAPES[piece.text ?? ''] ?? '';
      return piece.text ?? '';
    })
    .join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\'": "'",
  '\\\\': '\\',
  '\\n': '\n',
  '\\t': '\t',
  '\\$': '$',
};

function binary(node: Node, scope: Scope): Value {
  const left = evaluate(part(node, 'left'), scope);
  const right = () => evaluate(part(node, 'right'), scope);
  switch (part(node, 'operator').text) {
    case '&&':
      return Boolean(left) && Boolean(right());
    case '||':
      return Boolean(left) || Boolean(right());
    case '==':
      return left === right();
    case '!=':
      return left !== right();
    case '+':
      return Number(left) + Number(right());
    case '*':
      return Number(left) * Number(right());
    default:
      throw new Error(`line ${node.line}: an operator that is not known to this check`);
  }
}

function member(from: Value, key: Value, { line }: Node): Value {
  if (typeof from === 'string' && from.startsWith('«')) return `${from.slice(0, -1)}.${key}»`;
  if (typeof from === 'object' && from !== null) {
    const found = (from as ValueObject)[String(key)];
    if (found !== undefined) return found;
  }
  throw new Error(`line ${line}: there is no ${key}`);
}

/** Bodies of a `for`, each with the scope of its turn. */
export function loop(node: Node, scope: Scope): readonly { readonly body: Node; readonly inner: Scope }[] {
  const names = childOf(node, 'for_loop_parameters')?.children ?? [part(node, 'initializer')];
  const [each = '', index = ''] = names.map((name) => name.text);
  const body = part(node, 'body');
  const [over] = items(node.children ?? []).filter(
    (child) =>
      child.field !== 'initializer' && child.field !== 'body' && child.type !== 'for_loop_parameters',
  );
  const values = evaluate(over as Node, scope);
  if (!Array.isArray(values)) throw new Error(`line ${node.line}: for runs over what is no array`);
  return (values as readonly Value[]).map((value, at) => {
    const lookup: Lookup = (name) => (name === each ? value : name === index ? at : scope.lookup(name));
    return { body, inner: { ...scope, lookup } };
  });
}

export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
export const GROUP = 'lakewarden-rg';
const GROUP_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}`;

type Call = (args: readonly Value[], scope: Scope) => Value;

const FUNCTIONS: Readonly<Record<string, Call>> = {
  any: ([value]) => value,
  empty: ([value]) =>
    value === null || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0),
  guid: (args) => guidOf(args.join('\n')),
  int: ([value]) => Number(value),
  items: ([value]) => Object.entries(value as ValueObject).map(([key, each]) => ({ key, value: each })),
  json: ([value]) => JSON.parse(String(value)) as Value,
  loadJsonContent: ([path], { file }) =>
    JSON.parse(readFileSync(resolve(dirname(file), String(path)), 'utf8')) as Value,
  min: (args) => Math.min(...args.map(Number)),
  readEnvironmentVariable: ([name, otherwise], { environment }) => environment[String(name)] ?? otherwise,
  replace: ([value, from, to]) => String(value).replaceAll(String(from), String(to)),
  split: ([value, at]) => String(value).split(String(at)),
  string: ([value]) => (typeof value === 'object' ? JSON.stringify(value) : String(value)),
  subscriptionResourceId: ([type, name]) => `/subscriptions/${SUBSCRIPTION}/providers/${type}/${name}`,
  take: ([value, count]) => String(value).slice(0, Number(count)),
  toLower: ([value]) => String(value).toLowerCase(),
  union: (args) => args.reduce((all, each) => merged(all, each)),
  uniqueString: () => 'abcdefghijklm',
  environment: () => ({ suffixes: { storage: 'core.windows.net' } }),
  resourceGroup: () => ({ id: GROUP_ID, name: GROUP, location: 'westeurope' }),
  subscription: () => ({ subscriptionId: SUBSCRIPTION }),
  tenant: () => ({ tenantId: '00000000-0000-0000-0000-000000000002' }),
};

/** Not Azure's own, but as stable: the same arguments give the same one. */
function guidOf(value: string): string {
  const hex = createHash('sha256').update(value).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** Objects are merged to the bottom, as `union` does; of anything else the later one counts. */
function merged(a: Value, b: Value): Value {
  const areObjects = [a, b].every(
    (each) => typeof each === 'object' && each !== null && !Array.isArray(each),
  );
  if (!areObjects) return b;
  const [first, second] = [a as ValueObject, b as ValueObject];
  const changed = Object.entries(second).map(([key, value]) => [
    key,
    key in first ? merged(first[key], value) : value,
  ]);
  return { ...first, ...(Object.fromEntries(changed) as ValueObject) };
}

export const RESOURCE_GROUP_ID = GROUP_ID;
