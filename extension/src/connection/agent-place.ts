import { dirname, isAbsolute, relative, resolve } from 'node:path';

/** Where an agent listens, and how we know. */
export type AgentPlace =
  | {
      readonly kind: 'found';
      readonly url: string;
      readonly from: 'setting' | 'workspace';
      readonly local?: LocalAgent;
    }
  | { readonly kind: 'noAgent' }
  /** The workspace may hold what an agent has written, and is not trusted. */
  | { readonly kind: 'untrusted' };

/** An agent of this machine that has told where it is, in a lake folder of the workspace. */
export interface LocalAgent {
  readonly apiFile: string;
  readonly url: string;
  /** Lies beside the API file. */
  readonly tokenFile: string;
}

/** What of a workspace folder may be a lake folder: itself, or the one that `lakewarden up` makes. */
export const API_FILES = ['.lakewarden/agent/api.json', 'agent/api.json'] as const;
export const FILE_CHARS_MAX = 16 * 1024;

export interface PlaceFacts {
  /** `lakewarden.agentUrl` */
  readonly setting: string;
  readonly isTrusted: boolean;
  readonly hasFolder: boolean;
  /** Paths that may hold what an agent has written; read only in a trusted workspace. */
  readonly apiFiles: readonly string[];
  /** Undefined: there is none, or it cannot be read. */
  readText(path: string): Promise<string | undefined>;
  isAlive(pid: number): boolean;
}

export async function findAgent(facts: PlaceFacts): Promise<AgentPlace> {
  const setting = facts.setting.trim();
  const local = facts.isTrusted ? await findLocal(facts) : undefined;
  if (setting !== '') {
    const url = setting.replace(/\/+$/, '');
    // The token of the workspace's agent is for that agent alone.
    return { kind: 'found', url, from: 'setting', ...(local?.url === url && { local }) };
  }
  if (local !== undefined) return { kind: 'found', url: local.url, from: 'workspace', local };
  return { kind: !facts.isTrusted && facts.hasFolder ? 'untrusted' : 'noAgent' };
}

async function findLocal({ apiFiles, readText, isAlive }: PlaceFacts): Promise<LocalAgent | undefined> {
  for (const path of apiFiles) {
    const text = await readText(path);
    const found = text === undefined ? undefined : readApiFile(text, path, isAlive);
    if (found !== undefined) return found;
  }
  return undefined;
}

const LOOPBACK = /^http:\/\/(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/;

/**
 * What a running agent has written of itself. Undefined: it is gone, so its port may be somebody else's by now; or the
 * file names another machine or a token outside of its own folder, as a file of a workspace must not.
 */
export function readApiFile(
  text: string,
  path: string,
  isAlive: (pid: number) => boolean,
): LocalAgent | undefined {
  if (text.length > FILE_CHARS_MAX) return undefined;
  let value: Partial<Record<'url' | 'tokenFile' | 'pid', unknown>> | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  const { url, tokenFile, pid } = value ?? {};
  if (typeof url !== 'string' || typeof tokenFile !== 'string' || !Number.isInteger(pid)) return undefined;
  if (!LOOPBACK.test(url) || (pid as number) <= 0 || !isAlive(pid as number)) return undefined;
  const folder = dirname(path);
  const token = resolve(folder, tokenFile);
  const inside = relative(folder, token);
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return undefined;
  return { apiFile: path, url, tokenFile: token };
}

/** A token as it stands in a file or was pasted; undefined when it is none. */
export function readToken(text: string): string | undefined {
  const token = text.trim();
  return /^[\x21-\x7e]{1,4096}$/.test(token) ? token : undefined;
}
