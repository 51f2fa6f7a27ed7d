/**
 * `node extension/build.ts [out] [--watch]` bundles what runs in pages: scripts and styles of the webviews into
 * `extension/dist/webview`, and the agent's status page into `agent/dist/status`. Nothing is loaded from elsewhere at run
 * time.
 */
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
export const WEBVIEW_FOLDER = join(HERE, 'dist', 'webview');
export const STATUS_FOLDER = join(HERE, '..', 'agent', 'dist', 'status');

/** What every bundle for a page has in common. */
const PAGE: BuildOptions = {
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: ['chrome120', 'firefox121', 'safari17.5'],
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

/** `inline:./x.ts` is a script of its own, bundled and handed over as text. */
const inlineScripts: Plugin = {
  name: 'inline-scripts',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^inline:/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice('inline:'.length)),
      namespace: 'inline',
    }));
    onLoad({ filter: /.*/, namespace: 'inline' }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        ...PAGE,
        entryPoints: [path],
        write: false,
        metafile: true,
      });
      return {
        contents: `export const source = ${JSON.stringify(outputFiles[0]?.text ?? '')};`,
        loader: 'js',
        watchFiles: Object.keys(metafile.inputs),
      };
    });
  },
};

/** Names of files in `folder`, with their bytes. */
export type Sizes = Readonly<Record<string, number>>;

export async function buildWebviews(folder: string = WEBVIEW_FOLDER): Promise<Sizes> {
  const { metafile } = await build({
    ...PAGE,
    entryPoints: {
      lineage: join(HERE, 'webview/lineage/main.ts'),
      health: join(HERE, 'webview/health/main.ts'),
    },
    outdir: folder,
    plugins: [inlineScripts],
    metafile: true,
  });
  return sizesOf(metafile, folder);
}

export async function buildStatusPage(folder: string = STATUS_FOLDER): Promise<Sizes> {
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    ...PAGE,
    entryPoints: { status: join(HERE, 'webview/status/main.ts') },
    outdir: folder,
    plugins: [inlineScripts],
    metafile: true,
  });
  await cp(join(HERE, 'webview/status/index.html'), join(folder, 'index.html'));
  return sizesOf(metafile, folder);
}

function sizesOf({ outputs }: Metafile, folder: string): Sizes {
  return Object.fromEntries(
    Object.entries(outputs).map(([path, { bytes }]) => [
      path.slice(path.lastIndexOf(folder.split('/').at(-1) ?? '')),
      bytes,
    ]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = { ...(await buildWebviews()), ...(await buildStatusPage()) };
  for (const [name, bytes] of Object.entries(sizes))
    process.stdout.write(`${name.padEnd(28)} ${(bytes / 1024).toFixed(1)} kB\n`);
}
