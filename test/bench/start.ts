import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../support/paths.ts';
import { BenchAzure, EMPTY_SERVER, environment, freePort } from './bench-azure.ts';
import { judge, median, option } from './figures.ts';

/**
 * From the command to the first 200 of /readyz: control log read, epoch taken, API up. On a lake that is built, as after a
 * deployment; beside an empty process with the same Node and the same web server. The two take turns.
 */
const ROWS = 1_500;
const START_MS_MAX = 1_500;
const LOOK_MS = 2;
const WAIT_MS_MAX = 60_000;

export async function benchStart(args: readonly string[]): Promise<boolean> {
  const rounds = Math.max(5, option(args, 'rounds', 7));
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-bench-'));
  const azure = await BenchAzure.start(folder, ROWS);
  try {
    const port = await freePort();
    const config = azure.writeConfig('start', { api: { port } });
    const first = azure.startAgent(config);
    await first.line((line) => line.type === 'RunCommitted' && String(line.dataset).startsWith('gold.'));
    await first.stop();
    const command = [join(ROOT, 'packages/cli/bin/lakewarden.js'), 'agent', '--config', config];
    const [ours, peer]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      peer.push(await toReady([EMPTY_SERVER, String(port)], port, {}));
      ours.push(await toReady(command, port, environment(azure.endpoints)));
      console.log(
        `round ${round + 1}: empty process ${peer.at(-1)?.toFixed(0)} ms · agent ${ours.at(-1)?.toFixed(0)} ms`,
      );
    }
    console.log(
      `p50: agent ${median(ours).toFixed(0)} ms, empty process ${median(peer).toFixed(0)} ms, ` +
        `ratio ${(median(ours) / median(peer)).toFixed(1)}`,
    );
    return judge('command to ready, p50 ms', median(ours), { max: START_MS_MAX });
  } finally {
    await azure.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function toReady(
  command: readonly string[],
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, command, {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  try {
    while (performance.now() - startedMs < WAIT_MS_MAX) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return performance.now() - startedMs;
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before it was ready`);
      await pause(LOOK_MS);
    }
    throw new Error(`not ready within ${WAIT_MS_MAX} ms`);
  } finally {
    await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}
