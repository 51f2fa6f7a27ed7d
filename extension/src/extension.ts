import * as vscode from 'vscode';
import type { ActRunner } from './acts/act-runner.ts';
import { registerCommands } from './commands/register-commands.ts';
import { LakewardenTasks } from './connection/local-agent-task.ts';
import { createConnection, registerConnection } from './connection/register-connection.ts';
import { openDocument, registerDocuments } from './documents/register-documents.ts';
import { registerEditor } from './editor/register-editor.ts';
import { type ExtensionApi, extensionApi } from './extension-api.ts';
import { DEEDS, type Deed } from './manifest/walkthrough.ts';
import { LakeModel } from './models/lake-model.ts';
import { systemClock } from './models/model-ports.ts';
import { PlansModel } from './models/plans-model.ts';
import { SlicesModel } from './models/slices-model.ts';
import { registerPanels } from './panels/register-panels.ts';
import type { Parts } from './parts.ts';
import { registerStatus } from './status/register-status.ts';
import { registerTrees } from './tree/register-trees.ts';
import { LakewardenUris } from './uri-handler.ts';

/** Wiring only: the code that asks the agent is loaded when it is first wanted. */
export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const log = vscode.window.createOutputChannel('Lakewarden', { log: true });
  const clock = systemClock;
  const lake = new LakeModel(clock, log);
  const slices = new SlicesModel(() => lake.client, clock, log);
  const plans = new PlansModel();
  const connection = createConnection({ context, lake, clock, log });
  const parts: Parts = {
    context,
    log,
    clock,
    lake,
    slices,
    plans,
    connection,
    did: (deed) => void remember(context, deed),
    open: openDocument,
  };
  const trees = registerTrees(parts);
  const panels = registerPanels(parts, trees);
  let acts: Promise<ActRunner> | undefined;
  const loadActs = () => {
    acts ??= import('./later.ts').then(({ createActs }) => createActs(parts));
    return acts;
  };
  context.subscriptions.push(
    log,
    connection,
    ...trees.disposables,
    ...panels.disposables,
    ...registerConnection(parts),
    ...registerDocuments(parts),
    ...registerEditor(parts),
    ...registerStatus(parts),
    ...registerCommands({ ...parts, trees, panels, acts: loadActs }),
    vscode.tasks.registerTaskProvider('lakewarden', new LakewardenTasks()),
    vscode.window.registerUriHandler(new LakewardenUris(parts, panels, trees)),
  );
  for (const deed of DEEDS) if (context.globalState.get(deedKey(deed)) === true) tellDeed(deed);
  const soon = setTimeout(() => void connection.start(), 0);
  context.subscriptions.push(new vscode.Disposable(() => clearTimeout(soon)));
  return extensionApi(parts);
}

const deedKey = (deed: Deed): string => `lakewarden.did.${deed}`;

function tellDeed(deed: Deed): void {
  void vscode.commands.executeCommand('setContext', deedKey(deed), true);
}

async function remember({ globalState }: vscode.ExtensionContext, deed: Deed): Promise<void> {
  if (globalState.get(deedKey(deed)) === true) return;
  tellDeed(deed);
  await globalState.update(deedKey(deed), true);
}
