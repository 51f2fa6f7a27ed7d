import type { Patch } from './patch.ts';

/**
 * Bounds of the product that a simulated run could never reach, made small, so that what lies behind them happens: several
 * commits a drain, several runs a dataset, a checkpoint of the log every few versions.
 */
export const SCALED_BOUNDS: readonly Patch[] = [
  {
    file: 'packages/core/src/land/drain.ts',
    from: 'COMMIT_EVENTS_MAX = 50_000;',
    to: 'COMMIT_EVENTS_MAX = 25;',
  },
  {
    file: 'packages/core/src/reconcile/batches.ts',
    from: 'RUN_ROWS_MAX = 2_000_000;',
    to: 'RUN_ROWS_MAX = 250;',
  },
  {
    file: 'packages/delta/src/checkpoint/write-checkpoint.ts',
    from: 'CHECKPOINT_INTERVAL_VERSIONS = 20;',
    to: 'CHECKPOINT_INTERVAL_VERSIONS = 10;',
  },
  // A simulated hub never differs from what landed: without this no replay would ever commit.
  {
    file: 'packages/core/src/land/replay-hub.ts',
    from: 'if (landedContent(own) === landedContent(range.files.map(({ tags }) => tags))) return undefined;',
    to: 'void landedContent;',
  },
  // Nobody waits for these looks, but each is a dozen requests.
  {
    file: 'agent/src/service/build-loop.ts',
    from: 'LOOK_EVERY_MS = 60_000;',
    to: 'LOOK_EVERY_MS = 300_000;',
  },
  {
    file: 'agent/src/service/window-landing.ts',
    from: 'LOOK_EVERY_MS = 60_000;',
    to: 'LOOK_EVERY_MS = 300_000;',
  },
];
