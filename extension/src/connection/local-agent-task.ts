import { join } from 'node:path';
import * as vscode from 'vscode';
import { editorAsk } from '../acts/editor-ask.ts';
import { API_FILES } from './agent-place.ts';
import type { Connection } from './connection.ts';
import type { TokenStore } from './token-store.ts';

const TASK_TYPE = 'lakewarden';
const VERBS = ['up', 'status', 'doctor'] as const;

/** `npx lakewarden up` in a terminal of the workspace: what it does stands there, and ending it ends the agent. */
export async function startLocalAgent(
  folders: readonly string[],
  tokens: TokenStore,
  connection: Connection,
): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  const folder =
    folders.length > 1
      ? await editorAsk.pick(
          vscode.l10n.t('In which folder?'),
          folders.map((path) => ({ label: path, value: path })),
        )
      : folders[0];
  if (folder === undefined) {
    if (folders.length === 0)
      void vscode.window.showInformationMessage(
        vscode.l10n.t('Open the folder of a project that has Lakewarden installed first.'),
      );
    return;
  }
  const apiFile = join(folder, API_FILES[0]);
  const agreed = await editorAsk.confirm(
    vscode.l10n.t('Start a local agent?'),
    vscode.l10n.t(
      'Runs “npx lakewarden up” in {0}: a local Azure, generated data and an agent, in the folder .lakewarden. You are signed in with the token that this agent writes there.',
      folder,
    ),
    vscode.l10n.t('Start'),
  );
  if (!agreed) return;
  await tokens.allow(apiFile);
  const workspaceFolder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.fsPath === folder);
  await vscode.tasks.executeTask(lakewardenTask('up', workspaceFolder ?? vscode.TaskScope.Workspace));
  await connection.again();
}

export class LakewardenTasks implements vscode.TaskProvider {
  provideTasks(): vscode.Task[] {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    return VERBS.map((verb) => lakewardenTask(verb, folder ?? vscode.TaskScope.Workspace));
  }

  resolveTask({ definition, scope }: vscode.Task): vscode.Task | undefined {
    const verb = VERBS.find((known) => known === definition.verb);
    if (verb === undefined || typeof scope !== 'object') return undefined;
    return lakewardenTask(verb, scope, definition);
  }
}

function lakewardenTask(
  verb: (typeof VERBS)[number],
  scope: vscode.WorkspaceFolder | vscode.TaskScope.Workspace,
  definition: vscode.TaskDefinition = { type: TASK_TYPE, verb },
): vscode.Task {
  // Written down by us; nothing of a workspace is in the line that a shell gets.
  const execution = new vscode.ShellExecution('npx', ['lakewarden', verb]);
  const task = new vscode.Task(definition, scope, verb, 'lakewarden', execution, '$lakewarden');
  task.isBackground = verb === 'up';
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated };
  return task;
}
