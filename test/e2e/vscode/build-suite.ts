import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from '../../support/paths.ts';

export const EXTENSION_FOLDER = join(ROOT, 'extension');

/** The suite as one file that any extension host can load, Electron's too; its path. */
export async function buildSuite(): Promise<string> {
  const outfile = join(EXTENSION_FOLDER, 'test/dist/suite.cjs');
  await build({
    entryPoints: [join(EXTENSION_FOLDER, 'test/suite/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return outfile;
}
