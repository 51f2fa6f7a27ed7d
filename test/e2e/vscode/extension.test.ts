import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExtension, buildSuite, EXTENSION_FOLDER, packageExtension } from './build-extension.ts';
import { Camera, THEMES, themeWanted } from './camera.ts';
import { Day } from './day.ts';
import { Hands } from './hands.ts';
import { Lake } from './lake.ts';
import { runSuite } from './run-suite.ts';
import { makeSuiteWorld } from './suite-world.ts';
import { workbenchTools } from './tools.ts';
import { Workbench } from './workbench.ts';

const SUITE_MS_MAX = 240_000;
/** Fewer means that a file of tests is not loaded. */
const TESTS_MIN = 34;
const PICTURES = process.env.LAKEWARDEN_PICTURES ?? join(tmpdir(), 'lakewarden-pictures');
/** `LAKEWARDEN_PORTRAITS=1` writes the pictures of the README anew. */
const PORTRAITS = process.env.LAKEWARDEN_PORTRAITS ? join(EXTENSION_FOLDER, 'media', 'pictures') : undefined;

type Form = 'folder' | 'package';
const FORMS: readonly Form[] = ['folder', 'package'];
/** What is packaged passes the suite; `LAKEWARDEN_VSCODE=all` spends a whole day with it too. */
const FORMS_OF_DAY: readonly Form[] = process.env.LAKEWARDEN_VSCODE === 'all' ? FORMS : ['folder'];

const browser = (await workbenchTools()) ?? '';

describe.runIf(browser !== '').each(FORMS)(
  'the extension as a %s, in a real VS Code with a real agent',
  (form) => {
    let lake: Lake;
    let installed: { readonly extension?: string; readonly vsix?: string };

    beforeAll(async () => {
      [lake, installed] = await Promise.all([Lake.start(), build(form)]);
    });
    afterAll(() => lake?.stop());

    it('passes its suite in the extension host', async () => {
      const world = makeSuiteWorld(lake);
      const { workspace, env } = world;
      const suite = await buildSuite();
      const result = await runSuite({ browser, ...installed, workspace, env, suite }, SUITE_MS_MAX).finally(
        world.remove,
      );
      console.log(result.output);
      expect(result, result.output).toMatchObject({ failed: 0, skipped: 0 });
      expect(result.passed).toBeGreaterThanOrEqual(TESTS_MIN);
    });

    if (!FORMS_OF_DAY.includes(form)) return;
    it('carries a person through a day', async () => {
      const theme = themeWanted();
      const workbench = await Workbench.open({
        browser,
        ...installed,
        workspace: lake.workspace,
        // Cards that open while the mouse moves on would stand in its way.
        settings: { 'workbench.colorTheme': THEMES[theme], 'workbench.hover.delay': 3_000 },
        viewport: { width: 1400, height: 900 },
      });
      const { page } = workbench;
      const camera = new Camera(page, { folder: PICTURES, theme, portraits: PORTRAITS });
      const day = new Day({ hands: new Hands(page), lake, camera });
      try {
        await day.connect();
        const allow = await day.seeFailedSlice();
        await day.openLineage();
        await day.readQuarantine();
        await day.planReplay();
        await day.applyAndWatch(allow);
        await day.approveRunbook();
        await day.backfillThirtyDays();
        await day.pauseAndResume();
        await day.cancelBackfill();
        await day.seeHealth();
        expect(workbench.pageErrors).toEqual([]);
      } catch (error) {
        await camera.take('FAILED').catch(() => undefined);
        throw error;
      } finally {
        console.log(`pictures of the day: ${PICTURES}`);
        await workbench.close();
      }
    });
  },
);

async function build(form: Form): Promise<{ readonly extension?: string; readonly vsix?: string }> {
  if (form === 'package') return { vsix: await packageExtension() };
  await buildExtension();
  return { extension: EXTENSION_FOLDER };
}
