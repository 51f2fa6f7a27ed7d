import { z } from 'zod';
import { didYouMean, listNames } from '../sql/suggest.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

/** The value in the shape of the schema, or undefined when it has another one, which has been reported in the words of the file. */
export function checkPart<T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: Path,
  problems: ProblemLog,
): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = issue.path.filter((part) => typeof part !== 'symbol');
    reportIssue(schema, issue, value, path, at, problems);
  }
  return undefined;
}

type Issue = z.core.$ZodIssue;

/** Says what zod found in the words of the file. */
function reportIssue(
  schema: z.ZodType,
  issue: Issue,
  value: unknown,
  base: Path,
  at: Path,
  problems: ProblemLog,
): void {
  const path = [...base, ...at];
  const found = valueAt(value, at);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, at);
      for (const key of issue.keys) {
        problems.atKey([...path, key], `unknown key "${key}"`, didYouMean(key, known) ?? listNames(known));
      }
      return;
    }
    case 'invalid_type':
      if (found === undefined) {
        problems.atKey(path.slice(0, -1), `"${String(path.at(-1))}" is missing`);
      } else {
        problems.at(
          path,
          `${describe(found)} where ${article(issue.expected)} is expected`,
          remedyFor(issue.expected, found),
        );
      }
      return;
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (found === undefined)
        problems.atKey(path.slice(0, -1), `"${String(path.at(-1))}" is missing`, listNames(allowed));
      else
        problems.at(
          path,
          `${describe(found)} is none of: ${allowed.join(', ')}`,
          didYouMean(String(found), allowed),
        );
      return;
    }
    case 'invalid_union':
      reportUnion(issue, found, path, problems);
      return;
    default:
      problems.at(path, issue.message.charAt(0).toLowerCase() + issue.message.slice(1));
  }
}

function reportUnion(
  issue: Issue & { code: 'invalid_union' },
  found: unknown,
  path: Path,
  problems: ProblemLog,
): void {
  if ('discriminator' in issue && typeof issue.discriminator === 'string') {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    if (found === undefined)
      problems.atKey(path.slice(0, -1), `"${issue.discriminator}" is missing`, listNames(options));
    else
      problems.at(
        path,
        `${describe(found)} is none of: ${options.join(', ')}`,
        didYouMean(String(found), options),
      );
    return;
  }
  if (found === undefined) problems.atKey(path.slice(0, -1), `"${String(path.at(-1))}" is missing`);
  else if (path.at(-1) === 'key')
    problems.at(
      path,
      'a key is a list of columns',
      'write [a, b], or { columns: [a, b], order: [{ column: c, descending: true }] }',
    );
  else problems.at(path, `${describe(found)} where a text, a number, true or false is expected`);
}

function describe(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `"${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`;
  return String(value);
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  number: 'a number',
  int: 'a whole number',
};

function article(expected: string): string {
  return EXPECTED[expected] ?? expected;
}

function remedyFor(expected: string, found: unknown): string | undefined {
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean'))
    return 'write it in quotes';
  if (expected === 'boolean' && typeof found === 'string') return 'YAML 1.2 knows true and false only';
  return undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[part];
  }
  return at;
}

/** Keys that may stand at a path, read from the JSON Schema so that there is one list. */
function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  let nodes: readonly JsonNode[] = [z.toJSONSchema(schema, { io: 'input' }) as JsonNode];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => step(node, part));
  return [...new Set(nodes.flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {})))];
}

interface JsonNode {
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly additionalProperties?: JsonNode | false;
  readonly items?: JsonNode;
  readonly anyOf?: readonly JsonNode[];
  readonly oneOf?: readonly JsonNode[];
}

function alternatives(node: JsonNode): readonly JsonNode[] {
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  return inner.length === 0 ? [node] : inner.flatMap(alternatives);
}

function step(node: JsonNode, part: string | number): readonly JsonNode[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
  const own = node.properties?.[part];
  if (own !== undefined) return [own];
  return node.additionalProperties ? [node.additionalProperties] : [];
}
