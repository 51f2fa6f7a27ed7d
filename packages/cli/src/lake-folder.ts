import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Refusal } from './exit.ts';

/** Everything of one lake lies in one folder: the local Azure's data, the agent's state, generated source files. */
export interface LakeFolder {
  readonly root: string;
  readonly azure: string;
  readonly agent: string;
  readonly sources: string;
  readonly endpoints: string;
  readonly agentConfig: string;
  /** Written by the running agent: where its API is, where its token lies, its process. */
  readonly api: string;
  /** Settings of the agent that a person wrote; they win over those of `up`. */
  readonly settings: string;
  /** What feeds this lake (lake-mode.ts). */
  readonly mode: string;
  /** Held by the one `up` of this lake (lake-lock.ts). */
  readonly lock: string;
}

export function lakeFolder(root: string): LakeFolder {
  return {
    root,
    azure: join(root, 'azure'),
    agent: join(root, 'agent'),
    sources: join(root, 'sources'),
    endpoints: join(root, 'azure', 'endpoints.json'),
    agentConfig: join(root, 'agent', 'config.json'),
    api: join(root, 'agent', 'api.json'),
    settings: join(root, 'agent-settings.json'),
    mode: join(root, 'lakewarden.json'),
    lock: join(root, 'up.lock'),
  };
}

export function requireLake(folder: LakeFolder): void {
  if (existsSync(folder.agentConfig)) return;
  throw new Refusal(
    EXIT.unreachable,
    `no lake in ${folder.root} · make one with: lakewarden up --lake ${folder.root}`,
  );
}
