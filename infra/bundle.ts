#!/usr/bin/env node
/**
 * Makes the folder that becomes the container image: the agent as plain JavaScript (Node strips no types inside
 * `node_modules`, where workspaces would lie in an image), the one native package that cannot be bundled, the shipped
 * pipeline and runbooks. `node infra/bundle.ts [FOLDER]`, by default `infra/dist`.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { buildStatusPage } from '../extension/build.ts';

const ROOT = resolve(fileURLToPath(new URL('..', import.meta.url)));
const ENTRIES = {
  main: 'agent/src/main.ts',
  start: 'infra/image/start.ts',
  healthy: 'infra/image/healthy.ts',
  warm: 'infra/image/warm.ts',
};
/** Holds a native library, which is found relative to the package. */
const EXTERNAL = ['@duckdb/node-api'];
const BASE: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: EXTERNAL,
  outExtension: { '.js': '.mjs' },
  entryNames: '[name]',
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
  const named: Named = { threads: new Map(), paths: new Set() };
  const common = { ...BASE, outdir, metafile: true, plugins: [placesOnDisk(named)] } satisfies BuildOptions;
  const agent = await build({ ...common, entryPoints: ENTRIES, splitting: true });
  if (named.threads.size === 0) throw new Error("the engine's thread was not found: see placesOnDisk");
  const threads = await build({ ...common, entryPoints: Object.fromEntries(named.threads) });
  for (const name of closure(EXTERNAL)) copyPackage(name, folder);
  for (const path of named.paths) copyPath(path, folder);
  await buildStatusPage(join(outdir, 'dist', 'status'));
  const outputs = [agent, threads].flatMap(({ metafile }) => Object.values(metafile.outputs));
  return { folder, bytes: outputs.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** What the sources name relative to themselves. */
interface Named {
  /** Programs of threads, which become files of their own beside the bundle. */
  readonly threads: Map<string, string>;
  /** Anything else, relative to the project; it lies at the same path in the image. */
  readonly paths: Set<string>;
}

/** In a bundle `import.meta.url` is the bundle's, so `new URL('./x', import.meta.url)` gets the way from there. */
function placesOnDisk({ threads, paths }: Named): Plugin {
  const pattern = /new URL\(\s*'(\.[^']+)',\s*import\.meta\.url,?\s*\)/g;
  return {
    name: 'places-on-disk',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = readFileSync(path, 'utf8').replaceAll(pattern, (_, to: string) => {
          const target = resolve(dirname(path), to);
          if (target.endsWith('.ts')) {
            const name = basename(target, '.ts');
            threads.set(name, target);
            return `new URL('./${name}.mjs', import.meta.url)`;
          }
          paths.add(relative(ROOT, target));
          return `new URL('../${relative(ROOT, target)}', import.meta.url)`;
        });
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** A file comes with all that lies beside it: a pipeline has its queries there. What is built is built for the image. */
function copyPath(path: string, folder: string): void {
  const source = join(ROOT, path);
  if (path.split('/').includes('dist')) return;
  const whole = statSync(source).isDirectory() ? path : dirname(path);
  cpSync(join(ROOT, whole), join(folder, whole), {
    recursive: true,
    filter: (each) => !/\.(?:map|test\.ts)$/.test(each),
  });
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
