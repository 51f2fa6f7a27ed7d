import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { ROOT } from './paths.ts';
import { runTool } from './run-tool.ts';
import { ToolMissing } from './tool-missing.ts';

const INSTALL_MS_MAX = 300_000;

/** Where distributions and Google put theirs. */
const SYSTEM_BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
] as const;

/** No GPU, no calls home; containers as root have no sandbox. Nothing of the browser's own protection is turned off. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

let found: Promise<string> | undefined;

/**
 * Path of a Chrome or Chromium: `$CHROMIUM`, Playwright's own or the system's; else it is installed, by Playwright's
 * download or, as root on Debian, its package. Throws `ToolMissing`.
 */
export function findChromium(): Promise<string> {
  found ??= find();
  return found;
}

export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: [...CHROMIUM_ARGS], ...options });
}

async function find(): Promise<string> {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new ToolMissing(`CHROMIUM names ${named}, which is not there`);
  }
  return installed() ?? (await install());
}

function installed(): string | undefined {
  return [chromium.executablePath(), ...SYSTEM_BROWSERS].find((path) => path !== '' && existsSync(path));
}

async function install(): Promise<string> {
  const problems: string[] = [];
  for (const attempt of [installByPlaywright, installByDebian]) {
    try {
      await attempt();
      const path = installed();
      if (path !== undefined) return path;
    } catch (error) {
      if (!(error instanceof ToolMissing)) throw error;
      problems.push(error.message);
    }
  }
  throw new ToolMissing(`no Chrome or Chromium is here, and none could be installed\n${problems.join('\n')}`);
}

async function installByPlaywright(): Promise<void> {
  const cli = join(ROOT, 'node_modules/playwright-core/cli.js');
  await runTool(process.execPath, [cli, 'install', 'chromium'], { timeoutMs: INSTALL_MS_MAX });
}

async function installByDebian(): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new ToolMissing("Debian's package needs root and apt-get");
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runTool('apt-get', ['update'], { timeoutMs: INSTALL_MS_MAX, env });
  await runTool('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
    timeoutMs: INSTALL_MS_MAX,
    env,
  });
}
