import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
}

export function lakeFolder(root: string): LakeFolder {
  return {
    root,
    azure: join(root, 'azure'),
    agent: join(root, 'agent'),
    sources: join(root, 'sources'),
    endpoints: join(root, 'azure', 'endpoints.json'),
    agentConfig: join(root, 'agent', 'config.json'),
  };
}

/** What feeds this lake; decided by its first `up` and kept, so that a later one means the same data. */
export interface LakeMode {
  readonly kind: 'data' | 'generated';
  readonly asOf: string;
  readonly seed: number;
  readonly pipeline: string;
}

const MODE_FILE = 'lakewarden.json';

export function readMode(folder: LakeFolder): LakeMode | undefined {
  const file = join(folder.root, MODE_FILE);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LakeMode) : undefined;
}

/** Keeps the mode of an existing lake; refuses to mix two kinds of data in one. */
export function settleMode(folder: LakeFolder, asked: Partial<LakeMode>, defaults: LakeMode): LakeMode {
  const kept = readMode(folder);
  if (kept !== undefined && asked.kind !== undefined && asked.kind !== kept.kind) {
    const has = kept.kind === 'data' ? 'files of --data' : 'generated data';
    throw new Refusal(EXIT.refused, `${folder.root} already holds ${has} · give another --lake`);
  }
  const mode = { ...defaults, ...kept, ...asked };
  for (const dir of [folder.root, folder.azure, folder.agent])
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder.root, MODE_FILE), `${JSON.stringify(mode, null, 2)}\n`);
  return mode;
}

export function requireLake(folder: LakeFolder): void {
  if (existsSync(folder.agentConfig)) return;
  throw new Refusal(EXIT.unreachable, `no lake in ${folder.root} · make one with: lakewarden up --lake DIR`);
}
