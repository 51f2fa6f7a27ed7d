import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { editorAsk } from '../acts/editor-ask.ts';
import type { LakeModel } from '../models/lake-model.ts';
import type { ModelClock, ModelLog } from '../models/model-ports.ts';
import type { Register } from '../parts.ts';
import { type AgentPlace, API_FILES, FILE_CHARS_MAX, findAgent, readToken } from './agent-place.ts';
import { Connection } from './connection.ts';
import { startLocalAgent } from './local-agent-task.ts';
import { TokenStore } from './token-store.ts';

interface ConnectionParts {
  readonly context: vscode.ExtensionContext;
  readonly lake: LakeModel;
  readonly clock: ModelClock;
  readonly log: ModelLog;
}

const setting = (): string => vscode.workspace.getConfiguration('lakewarden').get<string>('agentUrl', '');

/** Folders on this machine; those of a virtual workspace hold no agent. */
function localFolders(): readonly string[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
}

function lookForAgent(): Promise<AgentPlace> {
  const folders = localFolders();
  return findAgent({
    setting: setting(),
    isTrusted: vscode.workspace.isTrusted,
    hasFolder: folders.length > 0,
    apiFiles: folders.flatMap((folder) => API_FILES.map((file) => join(folder, file))),
    async readText(path) {
      try {
        const text = await readFile(path, 'utf8');
        return text.length > FILE_CHARS_MAX ? undefined : text;
      } catch {
        return undefined;
      }
    },
    isAlive,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there and not ours.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function tokenStore({ secrets, workspaceState }: vscode.ExtensionContext): TokenStore {
  return new TokenStore(secrets, workspaceState, () => vscode.workspace.isTrusted);
}

export function createConnection({ context, lake, clock, log }: ConnectionParts): Connection {
  const tokens = tokenStore(context);
  return new Connection({
    lake,
    clock,
    log,
    findAgent: lookForAgent,
    tokenFor: (place) => tokens.tokenFor(place),
  });
}

export const registerConnection: Register = (parts) => {
  const { context, connection } = parts;
  const tokens = tokenStore(context);
  const command = (name: string, run: () => unknown) =>
    vscode.commands.registerCommand(`lakewarden.${name}`, run);
  const apiFiles = vscode.workspace.createFileSystemWatcher('**/agent/api.json');
  const lookAgain = () => void connection.lookAgain();
  return [
    apiFiles,
    apiFiles.onDidCreate(lookAgain),
    apiFiles.onDidChange(lookAgain),
    vscode.workspace.onDidGrantWorkspaceTrust(lookAgain),
    vscode.workspace.onDidChangeWorkspaceFolders(lookAgain),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('lakewarden.agentUrl')) void connection.again();
    }),
    context.secrets.onDidChange(({ key }) => {
      if (key.startsWith('lakewarden.token')) void connection.again();
    }),
    command('reconnect', () => connection.again()),
    command('connect', () => chooseUrl(connection)),
    command('signIn', () => signIn(tokens, connection)),
    command('signOut', () => signOut(tokens, connection)),
    command('startLocal', () => startLocalAgent(localFolders(), tokens, connection)),
  ];
};

async function chooseUrl(connection: Connection): Promise<void> {
  const url = await editorAsk.text(
    vscode.l10n.t('Where does the agent listen? Empty: the one of this workspace.'),
    {
      value: setting(),
      placeholder: 'https://agent.example',
      problem: (text) => urlProblem(text.trim()),
    },
  );
  if (url === undefined) return;
  const { Global } = vscode.ConfigurationTarget;
  await vscode.workspace.getConfiguration('lakewarden').update('agentUrl', url.trim() || undefined, Global);
  await connection.again();
}

function urlProblem(text: string): string | undefined {
  if (text === '') return undefined;
  if (!URL.canParse(text)) return vscode.l10n.t('This is no URL');
  const { protocol, hostname } = new URL(text);
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:' && /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/.test(hostname))
    return undefined;
  return vscode.l10n.t(
    'https only; plain http is for this machine, as it would show the token to the network',
  );
}

async function signIn(tokens: TokenStore, connection: Connection): Promise<void> {
  const place = await lookForAgent();
  if (place.kind !== 'found') {
    void connection.again();
    return void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no agent to sign in to. Connect to one, or start a local one.'),
    );
  }
  const { url, local } = place;
  const how =
    local === undefined
      ? 'paste'
      : await editorAsk.pick(vscode.l10n.t('Sign in to {0}', url), [
          {
            label: vscode.l10n.t('Use the token of the agent of this workspace'),
            detail: vscode.l10n.t('It is read from {0} each time, and kept nowhere else.', local.tokenFile),
            value: 'local' as const,
          },
          {
            label: vscode.l10n.t('Paste a token'),
            detail: vscode.l10n.t('It is kept in the secret storage of VS Code, for this URL alone.'),
            value: 'paste' as const,
          },
        ]);
  if (how === undefined) return;
  if (how === 'local' && local !== undefined) {
    await tokens.forget(url);
    await tokens.allow(local.apiFile);
  } else {
    const token = await editorAsk.text(vscode.l10n.t('Token for {0}', url), {
      isSecret: true,
      placeholder: vscode.l10n.t('as `lakewarden token --role operator --ttl 30d` prints it'),
      problem: (text) =>
        text === '' || readToken(text) !== undefined ? undefined : vscode.l10n.t('A token has no blanks'),
    });
    const read = token === undefined ? undefined : readToken(token);
    if (read === undefined) return;
    await tokens.put(url, read);
  }
  await connection.again();
}

async function signOut(tokens: TokenStore, connection: Connection): Promise<void> {
  const place = await lookForAgent();
  if (place.kind === 'found') await tokens.forget(place.url);
  await connection.again();
}
