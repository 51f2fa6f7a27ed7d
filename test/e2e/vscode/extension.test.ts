import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExtension, buildSuite, EXTENSION_FOLDER } from './build-extension.ts';
import { Lake } from './lake.ts';
import { runSuite } from './run-suite.ts';
import { makeSuiteWorld } from './suite-world.ts';
import { workbenchTools } from './tools.ts';

const SUITE_MS_MAX = 180_000;
/** Fewer means that a file of tests is not loaded. */
const TESTS_MIN = 25;

const browser = await workbenchTools();

describe.runIf(browser !== undefined)('the extension in a real VS Code, with a real agent', () => {
  let lake: Lake;

  beforeAll(async () => {
    [lake] = await Promise.all([Lake.start(), buildExtension()]);
  });
  afterAll(() => lake?.stop());

  it('passes its suite in the extension host', async () => {
    const world = makeSuiteWorld(lake);
    const { workspace, env } = world;
    const options = { browser: browser ?? '', extension: EXTENSION_FOLDER, workspace, env };
    const result = await runSuite({ ...options, suite: await buildSuite() }, SUITE_MS_MAX).finally(
      world.remove,
    );
    console.log(result.output);
    expect(result, result.output).toMatchObject({ failed: 0, skipped: 0 });
    expect(result.passed).toBeGreaterThanOrEqual(TESTS_MIN);
  });
});
