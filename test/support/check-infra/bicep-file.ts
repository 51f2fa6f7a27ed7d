import { fileURLToPath } from 'node:url';
import { runTool } from './tools.ts';

/** A node of the syntax tree; leaves have text. */
export interface Node {
  readonly type: string;
  readonly line: number;
  readonly field?: string;
  readonly text?: string;
  readonly children?: readonly Node[];
}

export interface Declaration {
  readonly kind: 'param' | 'var' | 'resource' | 'module' | 'output';
  readonly name: string;
  readonly line: number;
  /** Of a param or an output. */
  readonly type?: string;
  /** Type with version of a resource, path of a module. */
  readonly target?: string;
  readonly value?: Node;
  readonly decorators: ReadonlyMap<string, readonly Node[]>;
}

export interface BicepFile {
  readonly path: string;
  readonly problems: readonly { readonly line: number; readonly message: string }[];
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly outputs: ReadonlyMap<string, Declaration>;
  /** Of a parameter file: the template that it is for. */
  readonly using: string | undefined;
  readonly tree: Node;
}

const SCRIPT = fileURLToPath(new URL('./parse-bicep.py', import.meta.url));

export function parseBicep(paths: readonly string[]): ReadonlyMap<string, BicepFile> {
  const answer = runTool(SCRIPT, paths) as Record<string, Pick<BicepFile, 'tree' | 'problems'>>;
  return new Map(Object.entries(answer).map(([path, parsed]) => [path, bicepFile(path, parsed)]));
}

const KINDS: Readonly<Record<string, Declaration['kind']>> = {
  parameter_declaration: 'param',
  variable_declaration: 'var',
  resource_declaration: 'resource',
  module_declaration: 'module',
  output_declaration: 'output',
};

function bicepFile(path: string, { tree, problems }: Pick<BicepFile, 'tree' | 'problems'>): BicepFile {
  const declarations = new Map<string, Declaration>();
  const outputs = new Map<string, Declaration>();
  const twice: { line: number; message: string }[] = [];
  let using: string | undefined;
  let decorators: Node[] = [];
  for (const node of tree.children ?? []) {
    if (node.type === 'decorators') decorators = [...(node.children ?? [])];
    if (node.type === 'using_statement') using = plainText(childOf(node, 'string'));
    const kind = KINDS[node.type];
    if (kind === undefined) continue;
    const made = declaration(kind, node, decorators);
    decorators = [];
    const into = kind === 'output' ? outputs : declarations;
    if (into.has(made.name)) twice.push({ line: made.line, message: `${made.name} is declared twice` });
    into.set(made.name, made);
  }
  return { path, problems: [...problems, ...twice], declarations, outputs, using, tree };
}

function declaration(kind: Declaration['kind'], node: Node, decorators: readonly Node[]): Declaration {
  const [name, ...others] = (node.children ?? []).filter(({ type }) => type !== 'comment');
  const type = others.find((each) => each.type === 'type');
  const isTyped = kind === 'resource' || kind === 'module';
  const target = isTyped ? plainText(others[0]) : undefined;
  const [value] = others.filter((each) => each !== type).slice(isTyped ? 1 : 0);
  return {
    kind,
    name: name?.text ?? '',
    line: node.line,
    decorators: new Map(decorators.map(decoratorOf)),
    ...(type !== undefined && { type: textOf(type) }),
    ...(target !== undefined && { target }),
    ...(value !== undefined && { value }),
  };
}

function decoratorOf(node: Node): [string, readonly Node[]] {
  const call = node.children?.[0];
  return [call?.children?.[0]?.text ?? '', call?.children?.[1]?.children ?? []];
}

export function childOf(node: Node | undefined, type: string): Node | undefined {
  return node?.children?.find((child) => child.type === type);
}

export function fieldOf(node: Node, field: string): Node | undefined {
  return node.children?.find((child) => child.field === field);
}

/** Of a string without interpolation. */
export function plainText(node: Node | undefined): string {
  return (node?.children ?? []).map(({ text = '' }) => text).join('');
}

function textOf(node: Node): string {
  return node.text ?? (node.children ?? []).map(textOf).join('');
}

/** Every node below, itself included. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children ?? []) yield* walk(child);
}
