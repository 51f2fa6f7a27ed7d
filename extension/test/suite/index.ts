import Mocha from 'mocha';
import { ResultFile } from './result-file.ts';

const TEST_MS_MAX = 90_000;

/** What VS Code calls in the extension host (`extensionTestsPath`): here, and under `@vscode/test-electron`. */
export async function run(): Promise<void> {
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: TEST_MS_MAX,
    failZero: true,
    forbidOnly: true,
  });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  // In this order: what an editor does before anybody asks can be seen only once.
  await import('./manners.test.ts');
  await import('./connection.test.ts');
  await import('./lake.test.ts');
  await import('./editor.test.ts');
  const file = process.env.LAKEWARDEN_TEST_RESULT;
  const result = file === undefined ? undefined : new ResultFile(file);
  await new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failures) => {
      result?.end();
      if (failures === 0) resolve();
      else reject(new Error(`${failures} tests failed`));
    });
    result?.follow(runner);
  });
}
