import { dirname, resolve } from 'node:path';
import type { BicepFile, Declaration, Node } from './bicep-file.ts';
import { evaluate, loop, RESOURCE_GROUP_ID, type Scope, type Value, type ValueObject } from './evaluate.ts';

/** A resource as Azure would be asked for it. */
export interface DeployedResource {
  readonly file: string;
  readonly line: number;
  /** Microsoft.EventHub/namespaces/eventhubs */
  readonly type: string;
  readonly apiVersion: string;
  /** With those of its parents: `retail-events/orders`. */
  readonly name: string;
  readonly id: string;
  readonly body: ValueObject;
}

export interface Deployment {
  readonly resources: readonly DeployedResource[];
  readonly outputs: ValueObject;
}

export type BicepFiles = ReadonlyMap<string, BicepFile>;

/** What a parameter file would deploy. Throws for what Azure or the compiler would refuse, naming file and line. */
export function deploy(
  files: BicepFiles,
  parameters: string,
  environment: Readonly<Record<string, string>> = {},
): Deployment {
  const given = fileOf(files, parameters);
  if (given.using === undefined) throw new Error(`${parameters}: has no using`);
  const scope: Scope = { file: parameters, environment, lookup: (name) => refuse(parameters, name) };
  const values = [...given.declarations.values()].map(({ name, value }) => [
    name,
    evaluate(value as Node, scope),
  ]);
  const resources: DeployedResource[] = [];
  const main = resolve(dirname(parameters), given.using);
  const outputs = new Template(files, main, Object.fromEntries(values) as ValueObject, resources).run();
  return { resources, outputs };
}

function fileOf(files: BicepFiles, path: string): BicepFile {
  const file = files.get(path);
  if (file === undefined) throw new Error(`${path}: there is no such file`);
  return file;
}

function refuse(file: string, name: string): never {
  throw new Error(`${file}: ${name} is not declared`);
}

/** One template with its values; what it names is evaluated when it is first asked for. */
class Template {
  readonly #files: BicepFiles;
  readonly #file: BicepFile;
  readonly #given: ValueObject;
  readonly #into: DeployedResource[];
  readonly #known = new Map<string, Value>();
  readonly #open = new Set<string>();

  constructor(files: BicepFiles, path: string, given: ValueObject, into: DeployedResource[]) {
    this.#files = files;
    this.#file = fileOf(files, path);
    this.#given = given;
    this.#into = into;
    const unknown = Object.keys(given).find((name) => this.#file.declarations.get(name)?.kind !== 'param');
    if (unknown !== undefined) throw new Error(`${path}: has no parameter ${unknown}`);
  }

  run(): ValueObject {
    for (const name of this.#file.declarations.keys()) this.#lookup(name);
    return Object.fromEntries(
      [...this.#file.outputs.values()].map((output) => [output.name, this.#evaluate(output)]),
    );
  }

  get #scope(): Scope {
    return { file: this.#file.path, environment: {}, lookup: (name) => this.#lookup(name) };
  }

  #lookup(name: string): Value {
    if (this.#known.has(name)) return this.#known.get(name);
    const declaration = this.#file.declarations.get(name) ?? refuse(this.#file.path, name);
    if (this.#open.has(name)) throw new Error(`${this.#file.path}: ${name} depends on itself`);
    this.#open.add(name);
    const value = this.#evaluate(declaration);
    this.#known.set(name, value);
    return value;
  }

  #evaluate(declaration: Declaration): Value {
    try {
      switch (declaration.kind) {
        case 'param':
          return this.#parameter(declaration);
        case 'resource':
          return this.#resources(declaration, declaration.value as Node, this.#scope);
        case 'module':
          return this.#module(declaration);
        default:
          return evaluate(declaration.value as Node, this.#scope);
      }
    } catch (error) {
      const { message } = error as Error;
      // The innermost place is told, once.
      throw message.includes('.bicep') ? error : new Error(`${this.#file.path}: ${message}`);
    }
  }

  #parameter({ name, value, type = '', decorators, line }: Declaration): Value {
    const given = this.#given[name] ?? (value && evaluate(value, this.#scope));
    if (given === undefined) throw new Error(`line ${line}: ${name} has no value`);
    const problem = unfit(given, type, (decorator) => {
      const [argument] = decorators.get(decorator) ?? [];
      return argument && evaluate(argument, this.#scope);
    });
    if (problem !== undefined) throw new Error(`line ${line}: ${name} ${problem}`);
    return given;
  }

  #module({ target = '', value, line }: Declaration): Value {
    const { params } = evaluate(value as Node, this.#scope) as { params?: ValueObject };
    if (params === undefined) throw new Error(`line ${line}: the module gets no params`);
    const path = resolve(dirname(this.#file.path), target);
    return { outputs: new Template(this.#files, path, params, this.#into).run() };
  }

  #resources(declaration: Declaration, node: Node, scope: Scope): Value {
    if (node.type === 'for_statement') {
      return loop(node, scope).map(({ body, inner }) => this.#resources(declaration, body, inner));
    }
    if (node.type === 'if_statement') {
      const [condition, body] = node.children ?? [];
      if (!evaluate(condition as Node, scope)) return null;
      return this.#resources(declaration, body as Node, scope);
    }
    const { parent, ...body } = evaluate(node, scope) as ValueObject;
    const made = this.#resource(declaration, body, parent as ValueObject | undefined);
    this.#into.push(made);
    return { ...body, ...runtimeOf(declaration.name), id: made.id, $name: made.name };
  }

  #resource({ target = '', line }: Declaration, body: ValueObject, parent?: ValueObject): DeployedResource {
    const [type = '', apiVersion = ''] = target.split('@');
    const own = String(body.name);
    const name = parent === undefined ? own : `${parent.$name}/${own}`;
    const segments = name.split('/');
    const [provider = '', ...types] = type.split('/');
    if (segments.length !== types.length) throw new Error(`line ${line}: ${type} cannot be called ${name}`);
    const scope = body.scope as ValueObject | undefined;
    const path = types.map((each, at) => `${each}/${segments[at]}`).join('/');
    const id = `${scope?.id ?? RESOURCE_GROUP_ID}/providers/${provider}/${path}`;
    return { file: this.#file.path, line, type, apiVersion, name, id, body };
  }
}

/** What only a deployment tells of a resource; it is asked for by these names. */
function runtimeOf(name: string): ValueObject {
  return { properties: `«${name}.properties»`, identity: `«${name}.identity»` };
}

function unfit(value: Value, type: string, decorator: (name: string) => Value): string | undefined {
  const actual = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  if (actual !== (type === 'int' ? 'number' : type)) return `is ${actual}, not ${type}`;
  const allowed = decorator('allowed');
  if (Array.isArray(allowed) && !allowed.includes(value)) return `cannot be ${value}`;
  const size = typeof value === 'number' ? value : typeof value === 'string' ? value.length : 0;
  const bound = (name: string, otherwise: number) => Number(decorator(name) ?? otherwise);
  const [low, high] = typeof value === 'number' ? ['minValue', 'maxValue'] : ['minLength', 'maxLength'];
  if (size < bound(low ?? '', Number.NEGATIVE_INFINITY)) return `is too small: ${value}`;
  if (size > bound(high ?? '', Number.POSITIVE_INFINITY)) return `is too large: ${value}`;
  return undefined;
}
