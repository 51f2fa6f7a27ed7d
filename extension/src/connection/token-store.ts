import { readFile } from 'node:fs/promises';
import type * as vscode from 'vscode';
import { FILE_CHARS_MAX, type LocalAgent, readToken } from './agent-place.ts';
import type { Found } from './connection-model.ts';

const CONSENT_KEY = 'lakewarden.mayReadToken';

/**
 * Tokens: one an agent's URL, in the secret storage of the editor; or, where a person has agreed, the one that the agent
 * of this workspace keeps in a file of its own. A token is given to nobody but the agent of its URL.
 */
export class TokenStore {
  readonly #secrets: vscode.SecretStorage;
  readonly #workspaceState: vscode.Memento;
  readonly #isTrusted: () => boolean;

  constructor(secrets: vscode.SecretStorage, workspaceState: vscode.Memento, isTrusted: () => boolean) {
    this.#secrets = secrets;
    this.#workspaceState = workspaceState;
    this.#isTrusted = isTrusted;
  }

  async tokenFor({ url, local }: Found): Promise<string | undefined> {
    const stored = await this.#secrets.get(secretKey(url));
    if (stored !== undefined) return stored;
    if (local === undefined || !this.#isTrusted() || !this.mayRead(local)) return undefined;
    return await readTokenFile(local);
  }

  async put(url: string, token: string): Promise<void> {
    await this.#secrets.store(secretKey(url), token);
  }

  mayRead({ apiFile }: LocalAgent): boolean {
    return this.#workspaceState.get(CONSENT_KEY) === apiFile;
  }

  /** The person has agreed to this agent's token being read, until they sign out. */
  async allow(apiFile: string): Promise<void> {
    await this.#workspaceState.update(CONSENT_KEY, apiFile);
  }

  async forget(url: string): Promise<void> {
    await this.#secrets.delete(secretKey(url));
    await this.#workspaceState.update(CONSENT_KEY, undefined);
  }
}

function secretKey(url: string): string {
  return `lakewarden.token ${url}`;
}

async function readTokenFile({ tokenFile }: LocalAgent): Promise<string | undefined> {
  try {
    const text = await readFile(tokenFile, 'utf8');
    return text.length > FILE_CHARS_MAX ? undefined : readToken(text);
  } catch {
    // It is being renewed, or the agent is gone: then nobody is signed in.
    return undefined;
  }
}
