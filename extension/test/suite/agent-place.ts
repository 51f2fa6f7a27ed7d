import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AgentClient, createClient } from '@lakewarden/client';
import { workspace } from 'vscode';

/** The folder that is open. */
export function folder(): string {
  const [first] = workspace.workspaceFolders ?? [];
  if (first === undefined) throw new Error('no folder is open');
  return first.uri.fsPath;
}

const agentFolder = () => join(folder(), '.lakewarden/agent');

/** Says where an agent listens as a running one does: in the lake folder of the workspace. */
export function announce(agent: {
  readonly url: string;
  readonly token: string;
  readonly pid?: number;
}): void {
  mkdirSync(agentFolder(), { recursive: true });
  writeFileSync(join(agentFolder(), 'token'), agent.token, { mode: 0o600 });
  const text = JSON.stringify({ url: agent.url, tokenFile: 'token', pid: agent.pid ?? process.pid });
  const file = join(agentFolder(), 'api.json');
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

export function announceNone(): void {
  rmSync(join(agentFolder(), 'api.json'), { force: true });
}

/** The agent that whoever started the suite has up, over a local Azure. */
export function realAgent(): { readonly url: string; readonly token: string; readonly pid: number } {
  const lake = process.env.LAKEWARDEN_TEST_LAKE;
  if (lake === undefined) throw new Error('LAKEWARDEN_TEST_LAKE names no lake');
  const file = join(lake, 'agent/api.json');
  const { url, tokenFile, pid } = JSON.parse(readFileSync(file, 'utf8')) as {
    url: string;
    tokenFile: string;
    pid: number;
  };
  const token = readFileSync(join(dirname(file), tokenFile.split('/').at(-1) ?? ''), 'utf8').trim();
  return { url, token, pid };
}

export function realClient(): AgentClient {
  const { url, token } = realAgent();
  return createClient({ url, token });
}

/** Puts the shipped pipeline with its queries into the workspace. */
export function writePipeline(): string {
  const from = process.env.LAKEWARDEN_TEST_PIPELINE;
  if (from === undefined) throw new Error('LAKEWARDEN_TEST_PIPELINE names no folder');
  cpSync(from, folder(), { recursive: true });
  return join(folder(), 'pipeline.yaml');
}
