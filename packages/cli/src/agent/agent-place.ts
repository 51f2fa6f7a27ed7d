import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { lakeFolder } from '../lake-folder.ts';
import { type Line, textOption } from '../line/verb.ts';
import { quoted } from '../words.ts';
import type { World } from '../world.ts';

/** Where an agent listens, and how we know. */
export interface AgentPlace {
  readonly url: string;
  readonly tokenFile: string | undefined;
  readonly from: 'option' | 'environment' | 'lake';
}

/** The options that a person would have to write again, with a blank before: ` --lake my`. */
export interface Surroundings {
  readonly lake: string;
  readonly suffix: string;
  readonly agent: AgentPlace | undefined;
}

const LAKE_DEFAULT = '.lakewarden';

/** Which lake and which agent are meant: options, then the environment, then what the agent of the lake has written. */
export function surroundings(line: Line, world: World): Surroundings {
  const lake = textOption(line, 'lake') ?? resolve(world.cwd, LAKE_DEFAULT);
  const written = readApiFile(lakeFolder(lake).api);
  const url = textOption(line, 'agent');
  const tokenFile = textOption(line, 'token-file');
  const { LAKEWARDEN_AGENT: envUrl, LAKEWARDEN_TOKEN_FILE: envFile } = world.env;
  const lakeText = lake === resolve(world.cwd, LAKE_DEFAULT) ? '' : ` --lake ${quoted(lake)}`;
  const agentText = url === undefined ? '' : ` --agent ${quoted(url)}`;
  const tokenText = tokenFile === undefined ? '' : ` --token-file ${quoted(tokenFile)}`;
  const suffix = `${lakeText}${agentText}${tokenText}`;
  const file =
    tokenFile ?? (envFile === undefined || envFile === '' ? undefined : resolve(world.cwd, envFile));
  const place = (at: string, from: AgentPlace['from']): AgentPlace => ({
    url: at,
    // The token of the lake's agent is for that agent alone.
    tokenFile: file ?? (at === written?.url ? written.tokenFile : undefined),
    from,
  });
  if (url !== undefined) return { lake, suffix, agent: place(url, 'option') };
  if (envUrl !== undefined && envUrl !== '') return { lake, suffix, agent: place(envUrl, 'environment') };
  return { lake, suffix, agent: written === undefined ? undefined : place(written.url, 'lake') };
}

interface ApiFile {
  readonly url: string;
  readonly tokenFile: string;
}

/** What a running agent says of itself. Undefined: there is none, or the one that wrote it is gone. */
export function readApiFile(path: string, pid?: number): ApiFile | undefined {
  let value: Partial<Record<'url' | 'tokenFile' | 'pid', unknown>>;
  try {
    value = JSON.parse(readFileSync(path, 'utf8')) as typeof value;
  } catch {
    return undefined;
  }
  const { url, tokenFile, pid: owner } = value ?? {};
  if (typeof url !== 'string' || typeof tokenFile !== 'string' || typeof owner !== 'number') return undefined;
  // Its port may belong to somebody else by now, who is not to see a token.
  if (pid === undefined ? !isAlive(owner) : owner !== pid) return undefined;
  return { url, tokenFile: resolve(dirname(path), tokenFile) };
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
