import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ROOT } from './paths.ts';
import { runTool } from './run-tool.ts';

/** A VS Code whose workbench runs in a browser and whose extension host is this Node. */
export interface CodeServer {
  /** Script that is run by `node`. */
  readonly entry: string;
  readonly node: string;
}

const PINNED = join(ROOT, 'test/support/vscode-tools');
const CACHE = join(ROOT, 'node_modules/.cache/lakewarden-tools');
const INSTALL_MS_MAX = 420_000;

/**
 * Without spdlog the output channels stay empty, and without the watchdog the host outlives its window. The other native
 * modules (terminal, watcher, search) come built.
 */
const NATIVES = ['@vscode/spdlog', '@vscode/native-watchdog'] as const;

/**
 * Installs code-server once for the pinned lockfile and this Node, and finds it again afterwards. Its own postinstall is
 * left out: it builds natives that no test needs, one of them with headers that are seldom there. Throws `ToolMissing`.
 */
export async function findCodeServer(): Promise<CodeServer> {
  const folder = join(CACHE, `code-server-${fingerprint()}`);
  if (!existsSync(join(folder, 'done'))) await install(folder);
  return { entry: join(folder, 'node_modules/code-server/out/node/entry.js'), node: process.execPath };
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(PINNED, name)));
  hash.update(`${process.platform} ${process.arch} ${process.versions.modules}`);
  return hash.digest('hex').slice(0, 12);
}

/** Beside its place, then moved there: two that install at once do not meet, and a broken one is never found. */
async function install(folder: string): Promise<void> {
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    cpSync(PINNED, work, { recursive: true });
    console.log('installing code-server for the tests of the extension, once; it takes about a minute');
    await npm(work, ['ci', '--ignore-scripts']);
    const vscode = join(work, 'node_modules/code-server/lib/vscode');
    await npm(vscode, ['install', '--ignore-scripts', '--omit=dev']);
    await npm(vscode, ['rebuild', ...NATIVES]);
    await npm(join(vscode, 'extensions'), ['install', '--ignore-scripts', '--omit=dev']);
    writeFileSync(join(work, 'done'), '');
    if (existsSync(join(folder, 'done'))) return;
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function npm(cwd: string, args: readonly string[]): Promise<void> {
  // The npm that runs the tests tells its own project, workspace and lifecycle to its children.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?:package|lifecycle|config_(?:local_prefix|workspace))/i.test(name),
  );
  const bin = dirname(process.execPath);
  const home = dirname(bin);
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(inherited),
    // The natives are built for this Node, with the headers that came with it where they did.
    PATH: [bin, process.env.PATH].join(delimiter),
    ...(existsSync(join(home, 'include/node/node.h')) && { npm_config_nodedir: home }),
  };
  await runTool('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    env,
    timeoutMs: INSTALL_MS_MAX,
  });
}
