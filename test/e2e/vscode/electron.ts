import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { buildExtension, buildSuite, EXTENSION_FOLDER } from './build-extension.ts';
import { Lake } from './lake.ts';
import { readSuiteResult } from './suite-result.ts';
import { makeSuiteWorld } from './suite-world.ts';

/** `npm run test:electron`: the suite in a desktop VS Code, where one can be downloaded (or `VSCODE` names one) and shown. */
const executable = await findVscode();
if (executable === undefined) process.exitCode = process.env.CI ? 1 : 0;
else process.exitCode = await runIn(executable);

async function findVscode(): Promise<string | undefined> {
  if (process.env.VSCODE) return process.env.VSCODE;
  try {
    return await downloadAndUnzipVSCode({ version: 'stable' });
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    console.error(`skipped: VS Code could not be downloaded · ${why} · set VSCODE to one that is installed`);
    return undefined;
  }
}

async function runIn(vscodeExecutablePath: string): Promise<number> {
  const results = mkdtempSync(join(tmpdir(), 'lakewarden-electron-'));
  const file = join(results, 'result');
  const [lake, suite] = await Promise.all([Lake.start(), buildSuite(), buildExtension()]);
  const world = makeSuiteWorld(lake);
  try {
    const code = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: EXTENSION_FOLDER,
      extensionTestsPath: suite,
      extensionTestsEnv: { ...world.env, LAKEWARDEN_TEST_RESULT: file },
      launchArgs: [world.workspace, '--disable-extensions', '--disable-workspace-trust', '--no-sandbox'],
    }).catch(() => 1);
    const { output, passed, failed } = readSuiteResult(file, code);
    console.log(`${output}\n${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    world.remove();
    await lake.stop();
    rmSync(results, { recursive: true, force: true });
  }
}
