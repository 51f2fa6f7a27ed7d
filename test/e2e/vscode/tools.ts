import { findChromium } from '../../support/chromium.ts';
import { orSkip } from '../../support/tool-missing.ts';
import { findCodeServer } from '../../support/vscode-tools.ts';

/** Path of the browser, with a workbench installed; undefined, after a clear line, where one of them cannot be had. */
export function workbenchTools(): Promise<string | undefined> {
  return orSkip('the tests of the extension in a real VS Code', async () => {
    const browser = findChromium();
    if (browser !== undefined) await findCodeServer();
    return browser;
  });
}
