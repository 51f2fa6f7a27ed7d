import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

/** Names under which a Chromium is installed, best known first. */
const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];
const INSTALL_MS_MAX = 300_000;

/**
 * Path of a Chrome or Chromium to drive: `CHROMIUM`, one on the PATH, Playwright's own download, else Debian's package
 * where we may install it. Undefined with a clear line where there is none; in CI that is a failure.
 */
export function findChromium(): string | undefined {
  const found = known() ?? installed();
  if (found !== undefined) return found;
  const message =
    'no Chrome or Chromium: set CHROMIUM to one, or run `npx playwright-core install chromium` or `apt-get install chromium`';
  if (process.env.CI) throw new Error(message);
  console.warn(`skipped: ${message}`);
  return undefined;
}

function known(): string | undefined {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') {
    if (!isProgram(named)) throw new Error(`CHROMIUM is ${named}, which is no program`);
    return named;
  }
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const programs = NAMES.flatMap((name) => onPath.map((folder) => join(folder, name)));
  return programs.find(isProgram) ?? downloaded();
}

function downloaded(): string | undefined {
  try {
    const path = chromium.executablePath();
    return isProgram(path) ? path : undefined;
  } catch {
    return undefined; // Playwright knows none for this platform.
  }
}

/** Only where it asks nobody: as root, on Debian and its kin. */
function installed(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined;
  console.warn('installing Chromium with apt-get');
  const run = (...args: readonly string[]) =>
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: INSTALL_MS_MAX,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  try {
    run('update', '-qq');
    run('install', '-y', '-qq', '--no-install-recommends', 'chromium');
  } catch (error) {
    console.warn(`apt-get could not install it: ${(error as Error).message.split('\n')[0]}`);
  }
  return known();
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For `chromium.launch`: as root Chromium runs without its sandbox only. Nothing else is turned off that protects. */
export function launchOptions(executablePath: string) {
  return {
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  };
}
