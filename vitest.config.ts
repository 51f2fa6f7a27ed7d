import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

// Three rings: unit tests beside the code, conformance of the local Azure driven by the real SDKs,
// and whole-system tests that start processes. The last two own ports and folders, so they get time.
export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'agent/src/**/*.test.ts', 'test/support/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['packages/azure-local/conformance/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/e2e/**/*.test.ts', 'test/interop/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
