import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from '../../support/paths.ts';
import { runTool } from '../../support/run-tool.ts';

export const EXTENSION_FOLDER = join(ROOT, 'extension');
const BUILD_MS_MAX = 120_000;
const PACKAGE_MS_MAX = 300_000;

/** What VS Code loads of the folder: host, pages, schemas. */
export async function buildExtension(): Promise<void> {
  const script = join(EXTENSION_FOLDER, 'scripts/build.ts');
  await runTool(process.execPath, [script], { cwd: EXTENSION_FOLDER, timeoutMs: BUILD_MS_MAX });
}

/** Path of a new VSIX. */
export async function packageExtension(): Promise<string> {
  const vsix = join(EXTENSION_FOLDER, 'dist/test.vsix');
  const script = join(EXTENSION_FOLDER, 'scripts/package.ts');
  await runTool(process.execPath, [script, vsix], { cwd: EXTENSION_FOLDER, timeoutMs: PACKAGE_MS_MAX });
  return vsix;
}

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
