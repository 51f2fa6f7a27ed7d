import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../support/paths.ts';

/** Where the suite runs: a folder without an agent or a pipeline, which it puts there itself, and what it is told of ours. */
export interface SuiteWorld {
  readonly workspace: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

export function makeSuiteWorld(lake: { readonly folder: string }): SuiteWorld {
  const root = mkdtempSync(join(tmpdir(), 'lakewarden-suite-'));
  const workspace = join(root, 'shop');
  mkdirSync(workspace);
  // The checker of files is the one that the workspace has installed.
  symlinkSync(join(ROOT, 'node_modules'), join(workspace, 'node_modules'));
  return {
    workspace,
    env: {
      LAKEWARDEN_TEST_LAKE: lake.folder,
      LAKEWARDEN_TEST_PIPELINE: join(ROOT, 'packages/retail/pipeline'),
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
