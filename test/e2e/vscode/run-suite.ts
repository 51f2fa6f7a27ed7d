import { mkdtempSync, rmSync } from 'node:fs';
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
    workbench = await Workbench.open({ ...options, env: { ...options.env, LAKEWARDEN_TEST_RESULT: file } });
    const timer = new Promise<undefined>((resolve) => setTimeout(resolve, waitMsMax, undefined).unref());
    return readSuiteResult(file, await Promise.race([workbench.suiteExit, timer]));
  } finally {
    await workbench?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
