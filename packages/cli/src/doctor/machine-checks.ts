import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkPipeline } from '../check-pipeline.ts';
import { Refusal } from '../exit.ts';
import type { LakeFolder } from '../lake-folder.ts';
import { isUp } from '../local-azure.ts';
import { type Check, ok, problem, skipped } from './check.ts';

const NODE_MIN = [24, 9] as const;
const FREE_MIB_MIN = 2_048;

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isNew = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  if (isNew) return ok('node', version);
  return problem(
    'node',
    `${version} is older than ${NODE_MIN.join('.')}`,
    'start it with npx lakewarden: the project brings its own Node',
  );
}

export function checkLake({ root, agent }: LakeFolder): Check {
  const found = statSync(root, { throwIfNoEntry: false });
  if (found === undefined)
    return problem('lake', `no folder ${root}`, `make one with: lakewarden up --lake ${root}`);
  if (!found.isDirectory()) return problem('lake', `${root} is no folder`, 'give another --lake');
  const { mode } = statSync(existsSync(agent) ? agent : root);
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
    return problem(
      'lake',
      `others may look into ${existsSync(agent) ? agent : root}`,
      `chmod 700 ${existsSync(agent) ? agent : root}`,
    );
  }
  return ok('lake', root);
}

/** The agent's file, and the pipeline that it names. */
export async function checkConfig({ agentConfig }: LakeFolder): Promise<Check> {
  if (!existsSync(agentConfig)) return skipped('config', `no ${agentConfig} yet`);
  let pipeline: unknown;
  try {
    pipeline = (JSON.parse(readFileSync(agentConfig, 'utf8')) as { readonly pipeline?: unknown }).pipeline;
  } catch {
    return problem('config', `${agentConfig} cannot be read as JSON`, 'lakewarden up writes it anew');
  }
  if (typeof pipeline !== 'string')
    return problem('config', `${agentConfig} names no pipeline`, 'lakewarden up writes it anew');
  try {
    await checkPipeline(pipeline);
    return ok('config', `${agentConfig}, pipeline ${pipeline}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return problem('config', error.message.split('\n')[0] ?? error.message, `correct ${pipeline}`);
  }
}

export function checkDisk({ root }: LakeFolder): Check {
  const at = existsSync(root) ? root : dirname(root);
  if (!existsSync(at)) return skipped('disk', `no folder ${at}`);
  const { bavail, bsize } = statfsSync(at);
  const freeMiB = Math.floor((bavail * bsize) / (1024 * 1024));
  const text = `${freeMiB.toLocaleString('en-US')} MiB free at ${at}`;
  if (freeMiB >= FREE_MIB_MIN) return ok('disk', text);
  return problem(
    'disk',
    text,
    `free at least ${FREE_MIB_MIN.toLocaleString('en-US')} MiB, or give a --lake elsewhere`,
  );
}

export async function checkLocalAzure(folder: LakeFolder): Promise<Check> {
  if (!existsSync(folder.endpoints)) return skipped('local azure', 'this lake has none');
  if (await isUp(folder)) return ok('local azure', 'it answers');
  return problem('local azure', 'it does not answer', `start it with: lakewarden up --lake ${folder.root}`);
}

/** `mine`: user id of this process, where there are such. */
export function checkTokenFile(file: string | undefined, mine: number | undefined): Check {
  if (file === undefined) return skipped('token file', 'none is known');
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined)
    return problem(
      'token file',
      `no ${file}`,
      'start the agent, which writes it, or give another --token-file',
    );
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  if (mine !== undefined && found.uid !== mine)
    return problem('token file', `${file} belongs to somebody else`, 'give a file of your own');
  if (mine !== undefined && (found.mode & 0o077) !== 0)
    return problem('token file', `${file} has mode ${mode}: others may read it`, `chmod 600 ${file}`);
  return ok('token file', mine === undefined ? file : `${file}, mode ${mode}`);
}
