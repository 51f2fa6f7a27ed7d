import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extensions } from 'vscode';

/**
 * Run by the extension host instead of the suite (test/bench/extension.ts): how long `activate` itself takes, apart from
 * loading the file, which VS Code counts as such too. Both in milliseconds, into `LAKEWARDEN_BENCH_RESULT`.
 */
export async function run(): Promise<void> {
  const extension = extensions.getExtension('lakewarden.lakewarden-vscode');
  if (extension === undefined) throw new Error('the extension is not installed');
  if (extension.isActive) throw new Error('the extension is active before anybody asked');
  const file = require.resolve(join(extension.extensionPath, extension.packageJSON.main as string));
  const before = performance.now();
  const code = require(file) as { activate(context: unknown): unknown };
  const loadMs = performance.now() - before;
  let activateMs: number | undefined;
  const cached = require.cache[file];
  if (cached === undefined) throw new Error(`${file} is not in the cache of modules`);
  cached.exports = {
    ...code,
    activate(context: unknown) {
      const begun = performance.now();
      const api = code.activate(context);
      activateMs = performance.now() - begun;
      return api;
    },
  };
  await extension.activate();
  if (activateMs === undefined) throw new Error('VS Code has loaded the extension another time');
  writeFileSync(process.env.LAKEWARDEN_BENCH_RESULT ?? '', JSON.stringify({ loadMs, activateMs }));
}
