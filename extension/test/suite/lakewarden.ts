import { commands, type Extension, extensions } from 'vscode';
import type { ExtensionApi } from '../../src/extension-api.ts';
import { until } from './until.ts';

export function extension(): Extension<ExtensionApi> {
  const found = extensions.getExtension<ExtensionApi>('lakewarden.lakewarden-vscode');
  if (found === undefined) throw new Error('the extension is not installed');
  return found;
}

/** What `activate` has given. */
export function api(): ExtensionApi {
  return extension().exports;
}

export async function untilConnection(kind: string, waitMsMax?: number): Promise<void> {
  const last = () => JSON.stringify(api().models.connection.state);
  await until(
    `a connection that is ${kind}`,
    () => api().models.connection.state.kind === kind,
    waitMsMax,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it is ${last()}`);
  });
}

/** Consents, as a person does, to the token of the agent of the workspace: the first offer of the list. */
export async function signIn(): Promise<void> {
  const done = commands.executeCommand('lakewarden.signIn');
  await acceptFirst(done);
}

/** Takes what is preselected of a list until what asks has ended. */
export async function acceptFirst(asking: Thenable<unknown>): Promise<void> {
  let isOver = false;
  const over = Promise.resolve(asking).finally(() => {
    isOver = true;
  });
  await until('an answer to what was asked', async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (!isOver) await commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return isOver;
  });
  await over;
}
