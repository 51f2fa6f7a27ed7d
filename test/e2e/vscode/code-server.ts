import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from '../../support/run-tool.ts';
import { type CodeServer, findCodeServer } from '../../support/vscode-tools.ts';

export interface CodeServerOptions {
  /** Installed before it starts. */
  readonly vsix?: string | undefined;
  /** Reach `process.env` of the extension host. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** User settings, beside those that keep the workbench quiet. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

const UP_MS_MAX = 120_000;
const INSTALL_VSIX_MS_MAX = 120_000;
const STOP_MS_MAX = 5_000;
const LOG_CHARS_MAX = 64 * 1024;

/** A workbench that opens on what it is asked for, and on nothing else. */
const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'window.commandCenter': false,
};

/** One code-server with a fresh profile of its own; everything of it lies in `root` and goes with it. */
export class CodeServerProcess {
  readonly url: string;
  readonly root: string;
  readonly #process: ChildProcess;
  #log = '';

  private constructor(process: ChildProcess, url: string, root: string) {
    this.#process = process;
    this.url = url;
    this.root = root;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-LOG_CHARS_MAX);
      });
    }
  }

  static async start(options: CodeServerOptions = {}): Promise<CodeServerProcess> {
    const tools = await findCodeServer();
    // Unix sockets lie below it, so its path must be short.
    const root = mkdtempSync(join(tmpdir(), 'lw-'));
    try {
      const env = environment(root, options.env ?? {});
      const args = profile(root, options.settings ?? {});
      if (options.vsix !== undefined) await installVsix(tools, args, options.vsix, env);
      const port = await freePort();
      const server = new CodeServerProcess(launch(tools, args, port, env), `http://localhost:${port}`, root);
      await server.#untilUp();
      return server;
    } catch (error) {
      rmSync(root, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    const gone = this.#process.exitCode === null ? once(this.#process, 'exit') : Promise.resolve();
    this.#kill('SIGTERM');
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, STOP_MS_MAX).unref())]);
    this.#kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #untilUp(): Promise<void> {
    const deadlineMs = performance.now() + UP_MS_MAX;
    while (performance.now() < deadlineMs && this.#process.exitCode === null) {
      const answers = await fetch(`${this.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.#kill('SIGKILL');
    throw new Error(`code-server did not come up\n${this.#log}`);
  }

  /** The group that it leads: server, extension host, watchers. */
  #kill(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.#process.pid ?? 0), signal);
    } catch {
      // It is gone.
    }
  }
}

function profile(root: string, settings: Readonly<Record<string, unknown>>): readonly string[] {
  const [data, extensions] = [join(root, 'data'), join(root, 'extensions')];
  for (const folder of [join(data, 'User'), extensions, join(root, 'home')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(data, 'User/settings.json'), JSON.stringify({ ...QUIET_SETTINGS, ...settings }));
  return ['--user-data-dir', data, '--extensions-dir', extensions];
}

const NOT_INHERITED = /^(?:PASSWORD|HASHED_PASSWORD|VSCODE_.*|NODE_OPTIONS|VITEST.*|npm_.*)$/;

function environment(root: string, extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const home = join(root, 'home');
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    XDG_RUNTIME_DIR: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    // No marketplace is asked for anything.
    EXTENSIONS_GALLERY: '{}',
    ...extra,
  };
}

async function installVsix(
  { node, entry }: CodeServer,
  args: readonly string[],
  vsix: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  await runTool(node, [entry, ...args, '--install-extension', vsix], { env, timeoutMs: INSTALL_VSIX_MS_MAX });
}

function launch(
  { node, entry }: CodeServer,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv,
): ChildProcess {
  const listen = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`];
  const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'];
  const child = spawn(node, [entry, ...args, ...listen, ...quiet, '--disable-getting-started-override'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just gone.
    }
  });
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
