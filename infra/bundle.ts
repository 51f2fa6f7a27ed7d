#!/usr/bin/env node
/**
 * Makes the folder that becomes the container image: the agent as plain JavaScript (Node strips no types inside
 * `node_modules`, where workspaces would lie in an image), the one native package that cannot be bundled, the shipped
 * pipeline and runbooks. `node infra/bundle.ts [FOLDER]`, by default `infra/dist`.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const ROOT = resolve(fileURLToPath(new URL('..', import.meta.url)));
const ENTRIES = {
  main: 'agent/src/main.ts',
  start: 'infra/image/start.ts',
  healthy: 'infra/image/healthy.ts',
};
/** Holds a native library, which is found relative to the package. */
const EXTERNAL = ['@duckdb/node-api'];
/** Folder of the image → folder of the project. Absent ones are left out: the status page has a plain form of its own. */
const COPIED: Readonly<Record<string, string>> = {
  pipeline: 'packages/retail/pipeline',
  runbooks: 'runbooks',
  status: 'extension/dist/status',
};

const BASE: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: EXTERNAL,
  outExtension: { '.js': '.mjs' },
  chunkNames: '[name]-[hash]',
  legalComments: 'none',
  logLevel: 'warning',
  // Names of classes and functions stand in stack traces, which are the log's only way back to the source.
  keepNames: true,
  minifyWhitespace: true,
  // CommonJS inside the SDKs asks for Node's own modules at run time.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
};

export interface Bundle {
  readonly folder: string;
  /** JavaScript alone, without what is copied. */
  readonly bytes: number;
}

/** Replaces `folder`. Throws when something that the agent needs cannot be found. */
export async function bundleAgent(folder: string): Promise<Bundle> {
  rmSync(folder, { recursive: true, force: true });
  const outdir = join(folder, 'agent');
  mkdirSync(outdir, { recursive: true });
  const threads = new Map<string, string>();
  const common = {
    ...BASE,
    outdir,
    metafile: true,
    plugins: [threadEntries(threads)],
  } satisfies BuildOptions;
  const agent = await build({ ...common, entryPoints: ENTRIES, splitting: true });
  if (threads.size === 0) throw new Error("the engine's thread was not found: see threadEntries");
  const made = await build({ ...common, entryPoints: Object.fromEntries(threads) });
  for (const name of closure(EXTERNAL)) copyPackage(name, folder);
  for (const [to, from] of Object.entries(COPIED)) {
    const source = join(ROOT, from);
    if (existsSync(source)) cpSync(source, join(folder, to), { recursive: true });
  }
  const outputs = [agent, made].flatMap(({ metafile }) => Object.values(metafile.outputs));
  return { folder, bytes: outputs.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** `new URL('./x.ts', import.meta.url)` names the program of a thread: it becomes a file of its own beside the bundle. */
function threadEntries(found: Map<string, string>): Plugin {
  const pattern = /new URL\('\.\/([a-z-]+)\.ts', import\.meta\.url\)/g;
  return {
    name: 'thread-entries',
    setup(build) {
      build.onLoad({ filter: /[/\\](?:packages|agent)[/\\].*\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const contents = text.replaceAll(pattern, (_, name: string) => {
          found.set(name, join(dirname(path), `${name}.ts`));
          return `new URL('./${name}.mjs', import.meta.url)`;
        });
        return { contents, loader: 'ts' };
      });
    },
  };
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The packages and all that they need; of optional ones those that npm installed for this machine. */
function closure(names: readonly string[], seen = new Set<string>()): ReadonlySet<string> {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    const manifest = JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')) as Manifest;
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    const present = optional.filter((each) => existsSync(join(ROOT, 'node_modules', each)));
    closure([...Object.keys(manifest.dependencies ?? {}), ...present], seen);
  }
  return seen;
}

function packageFolder(name: string): string {
  return realpathSync(join(ROOT, 'node_modules', name));
}

function copyPackage(name: string, folder: string): void {
  cpSync(packageFolder(name), join(folder, 'node_modules', name), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !/\.(?:d\.ts|map|md)$/.test(path),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { folder, bytes } = await bundleAgent(resolve(process.argv[2] ?? join(ROOT, 'infra/dist')));
  process.stdout.write(`${folder}: ${(bytes / 1024).toFixed(0)} KiB of JavaScript\n`);
}
