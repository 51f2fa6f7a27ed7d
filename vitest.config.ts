import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

/** Tests beside the code that drive a page in a real Chromium (test/support/chromium.ts finds or installs one). */
const BROWSER = ['extension/webview/**/*.browser.test.ts'];
/** The extension in a real VS Code; the first run brings a workbench of 800 MB. */
const WORKBENCH = ['test/e2e/vscode/**/*.test.ts'];
/** Tests beside the code that start a local Azure of their own. */
const WIRE = ['packages/*/src/**/*.local-azure.test.ts', 'agent/src/**/*.wire.test.ts'];

// Seven rings: unit tests beside the code, pages in a browser, the simulation (whole runs of the core in virtual time), unit
// tests over the wire, conformance of the local Azure driven by the real SDKs, whole-system tests that start processes,
// and the extension in a workbench. The last four own ports and folders, so they get time.
export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'agent/src/**/*.test.ts',
            'extension/{shared,src,webview}/**/*.test.ts',
            'test/support/**/*.test.ts',
          ],
          exclude: [...WIRE, ...BROWSER, '**/node_modules/**'],
          // Properties and fuzzing on two shared cores; none of them waits.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: [...BROWSER],
          testTimeout: 60_000,
          // Finding a Chromium may mean installing one.
          hookTimeout: 360_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'wire',
          include: [...WIRE],
          testTimeout: 120_000,
          hookTimeout: 60_000,
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
          name: 'workbench',
          include: [...WORKBENCH],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/e2e/**/*.test.ts', 'test/interop/**/*.test.ts'],
          exclude: [...WORKBENCH, '**/node_modules/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
