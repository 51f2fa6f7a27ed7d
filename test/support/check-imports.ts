/**
 * Holds the house to its map (docs/architecture.md, Rooms): which room may import which, no circle of imports between
 * files, and no clock, timer, chance or cloud SDK in the rooms that must be pure.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Room → rooms of ours that it may import. A room that is not named imports nothing of ours. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'packages/contracts': [],
  'packages/delta': ['packages/contracts'],
  'packages/compute': ['packages/contracts'],
  'packages/core': ['packages/contracts', 'packages/delta', 'packages/compute'],
  'packages/client': ['packages/contracts'],
  'packages/cli': ['packages/contracts', 'packages/client'],
  'packages/retail': ['packages/contracts'],
  'packages/azure-local': [],
  agent: ['packages/contracts', 'packages/delta', 'packages/compute', 'packages/core'],
  'extension/shared': ['packages/contracts'],
  'extension/src': ['packages/contracts', 'packages/client', 'extension/shared'],
  'extension/webview': ['packages/contracts', 'extension/shared'],
};

const PURE = ['packages/contracts', 'packages/delta', 'packages/compute', 'packages/core'];

/** What a pure room takes as an argument or a port instead. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(/, 'Date.now: take `now` as an argument'],
  [/\bnew Date\(\)/, 'new Date(): take `now` as an argument'],
  [/\bMath\.random\(/, 'Math.random: take ids or a Random port'],
  [/\b(?:setTimeout|setInterval|setImmediate)\(/, 'a timer: use the Clock port'],
  [/\bperformance\.now\(/, 'performance.now: use the Clock port'],
  [/\bAbortSignal\.timeout\(/, 'AbortSignal.timeout: take a signal'],
  [/from '@azure\//, 'a cloud SDK: belongs into an adapter of the agent'],
];

export interface ImportProblem {
  readonly file: string;
  readonly message: string;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;

/** Without `import()`: what is loaded when it is needed waits for nobody, so no circle goes through it. */
function loadedAtOnce(text: string): string[] {
  return [...text.matchAll(IMPORT)].flatMap((match) => match[1] ?? match[2] ?? []);
}

function isOfTests(file: string): boolean {
  return /\.test\.ts$|\/testing\//.test(file);
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function roomOf(file: string): string {
  const parts = file.split('/');
  const isNested = parts[0] === 'packages' || (parts[0] === 'extension' && parts.length > 2);
  return isNested ? `${parts[0]}/${parts[1]}` : (parts[0] ?? '');
}

function targetRoom(file: string, specifier: string): string | undefined {
  const own = /^@lakewarden\/([a-z-]+)/.exec(specifier)?.[1];
  if (own !== undefined) return own === 'agent' ? 'agent' : `packages/${own}`;
  if (!specifier.startsWith('.')) return undefined;
  return roomOf(relative(ROOT, resolve(ROOT, dirname(file), specifier)));
}

export function checkImports(): readonly ImportProblem[] {
  const problems: ImportProblem[] = [];
  const graph = new Map<string, string[]>();
  for (const [room, allowed] of Object.entries(ALLOWED)) {
    for (const file of sourcesBelow(room)) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const imports = importsOf(text);
      for (const specifier of imports) {
        const target = targetRoom(file, specifier);
        if (target === undefined || target === room || allowed.includes(target)) continue;
        // Tests of a page reach for a browser, for samples of another room and for the build.
        if (room.startsWith('extension/') && isOfTests(file)) continue;
        problems.push({ file, message: `imports ${target} ('${specifier}'), which ${room} may not know` });
      }
      const isTest = /\.test\.ts$|\/testing\.ts$/.test(file);
      if (PURE.includes(room) && !isTest) {
        for (const [pattern, message] of BANNED)
          if (pattern.test(withoutComments(text))) problems.push({ file, message });
      }
      const near = loadedAtOnce(text).filter((specifier) => specifier.startsWith('.'));
      graph.set(
        file,
        near.map((specifier) => relative(ROOT, resolve(ROOT, dirname(file), specifier))),
      );
    }
  }
  return [...problems, ...circles(graph)];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function circles(graph: ReadonlyMap<string, readonly string[]>): readonly ImportProblem[] {
  const problems: ImportProblem[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      problems.push({
        file,
        message: `is in a circle of imports: ${[...path.slice(start), file].join(' → ')}`,
      });
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkImports();
  for (const { file, message } of problems) console.error(`${file}  ${message}`);
  console.log(
    problems.length === 0 ? 'imports: every arrow runs one way' : `imports: ${problems.length} problems`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
