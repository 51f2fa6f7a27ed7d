#!/usr/bin/env node
import { setTimeout as pause } from 'node:timers/promises';
import { runLine } from './run-line.ts';
import type { World } from './world.ts';

const { stdin, stdout, stderr, env } = process;

function createWorld(): World {
  let stop: AbortController | undefined;
  return {
    /** `npm start` moves to the project's folder first; paths are meant from where the person stands. */
    cwd: env.npm_lifecycle_event === 'start' ? (env.INIT_CWD ?? process.cwd()) : process.cwd(),
    env,
    print: (text) => console.log(text),
    complain: (text) => console.error(text),
    screen: stdout.isTTY ? stdout : undefined,
    panel: stderr.isTTY ? stderr : undefined,
    now: () => Math.round(performance.now()),
    wallMs: () => Date.now(),
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    stopSignal() {
      if (stop !== undefined) return stop.signal;
      const made = new AbortController();
      stop = made;
      // Once: a second Ctrl-C ends us at once, and what we started follows.
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => made.abort());
      return made.signal;
    },
    ask: stdin.isTTY && stderr.isTTY ? ask : undefined,
  };
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

// Whoever reads us may have had enough (`| head`).
stdout.on('error', () => process.exit());

process.exitCode = await runLine(process.argv.slice(2), createWorld());
