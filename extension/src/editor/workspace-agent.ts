import { dirname, join, resolve } from 'node:path';

/** The agent's code that a workspace has installed, and the Node.js that runs it. */
export interface WorkspaceAgent {
  readonly main: string;
  readonly node: string;
  readonly cwd: string;
}

const MAIN = 'node_modules/@lakewarden/agent/src/main.ts';
const NODE = 'node_modules/.bin/node';
const LEVELS_MAX = 20;

/** Looked for beside the file and above it, never above the workspace folder. */
export function findWorkspaceAgent(
  file: string,
  folder: string,
  nodePath: string,
  exists: (path: string) => boolean,
  platform: string,
): WorkspaceAgent | undefined {
  const top = resolve(folder);
  let at = dirname(resolve(file));
  for (let level = 0; level < LEVELS_MAX; level++) {
    const main = join(at, MAIN);
    if (exists(main)) return { main, node: nodeOf(at, nodePath, exists, platform), cwd: at };
    if (at === top || at === dirname(at)) return undefined;
    at = dirname(at);
  }
  return undefined;
}

function nodeOf(at: string, nodePath: string, exists: (path: string) => boolean, platform: string): string {
  if (nodePath !== '') return nodePath;
  const own = join(at, platform === 'win32' ? `${NODE}.cmd` : NODE);
  return exists(own) ? own : 'node';
}
