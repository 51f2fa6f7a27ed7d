import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './paths.ts';

const SITE = join(ROOT, '.cache', 'python');
const PACKAGES = ['deltalake==1.6.6'];

/** Installs the readers that we are compared with into `.cache`. Without Python: a clear line, and in CI a failure. */
export function hasPython(): boolean {
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
  } catch {
    const message = 'python3 with pip is not installed: the comparison with delta-rs cannot run';
    if (process.env.CI) throw new Error(message);
    console.warn(`skipped: ${message}`);
    return false;
  }
  if (!existsSync(join(SITE, 'deltalake'))) {
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--target',
      SITE,
      ...PACKAGES,
    ];
    execFileSync('python3', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
  return true;
}

/** Runs a script of ours; what it prints is JSON. */
export async function runPython(script: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)('python3', [script, ...args], {
    env: { ...process.env, PYTHONPATH: SITE },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout);
}
