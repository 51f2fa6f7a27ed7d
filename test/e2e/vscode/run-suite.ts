import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSuiteResult, type SuiteResult } from './suite-result.ts';
import { Workbench, type WorkbenchOptions } from './workbench.ts';

/** Runs the suite in a real extension host. Throws when there is no proof that it ran to its end. */
export async function runSuite(
  options: WorkbenchOptions & { readonly suite: string },
  waitMsMax: number,
): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-suite-'));
  const file = join(folder, 'result');
  let workbench: Workbench | undefined;
  try {
    // VS Code runs a suite for an extension in development only; of one that is installed, beside an empty one.
    const extension = options.extension ?? emptyExtension(folder);
    const env = { ...options.env, LAKEWARDEN_TEST_RESULT: file };
    workbench = await Workbench.open({ ...options, extension, env });
    const timer = new Promise<undefined>((resolve) => setTimeout(resolve, waitMsMax, undefined).unref());
    return readSuiteResult(file, await Promise.race([workbench.suiteExit, timer]));
  } finally {
    await workbench?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function emptyExtension(below: string): string {
  const folder = join(below, 'empty');
  mkdirSync(folder);
  const manifest = { name: 'empty', publisher: 'test', version: '0.0.1', engines: { vscode: '^1.100.0' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}
