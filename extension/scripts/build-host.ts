import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const EXTENSION = join(dirname(fileURLToPath(import.meta.url)), '..');
export const HOST_FOLDER = join(EXTENSION, 'dist');

/** Messages of the schema library in forty languages are nearly half of all code; ours are the agent's, in English. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

/** `import('./later.ts')` stays a file of its own. */
const laterAlone: Plugin = {
  name: 'later-alone',
  setup({ onResolve }) {
    onResolve({ filter: /[\\/]later\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './later.cjs', external: true } : undefined,
    );
  },
};

/** The extension host's code: what `activate` needs, and what is loaded when it is first wanted. Bytes by file. */
export async function buildHost(folder: string = HOST_FOLDER): Promise<Readonly<Record<string, number>>> {
  const { metafile } = await build({
    entryPoints: { extension: join(EXTENSION, 'src/extension.ts'), later: join(EXTENSION, 'src/later.ts') },
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // That of VS Code 1.100, on a desktop and on a server. Only what goes through `require` finds `vscode`.
    target: 'node20',
    supported: { 'dynamic-import': false },
    external: ['vscode'],
    minify: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [englishOnly, laterAlone],
  });
  return Object.fromEntries(
    Object.entries(metafile.outputs).map(([path, { bytes }]) => [basename(path), bytes]),
  );
}
