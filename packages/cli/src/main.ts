#!/usr/bin/env node
import { setTimeout as pause } from 'node:timers/promises';
import { parseCommand, USAGE } from './arguments.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import type { Progress } from './progress.ts';
import { ProgressBars } from './progress-bars.ts';
import { ProgressLines } from './progress-lines.ts';
import { showQuery, showTables } from './read.ts';
import { showStatus } from './status.ts';
import { up } from './up.ts';

const print = (text: string) => console.log(text);
const complain = (text: string) => console.error(text);
const now = () => Math.round(performance.now());

/** `npm start` moves to the project's folder first; paths are meant from where the person stands. */
const cwd =
  process.env.npm_lifecycle_event === 'start' ? (process.env.INIT_CWD ?? process.cwd()) : process.cwd();

async function main(): Promise<ExitCode> {
  const command = parseCommand(process.argv.slice(2), cwd);
  const tools = { print, complain };
  switch (command.verb) {
    case 'help':
      print(USAGE);
      return EXIT.done;
    case 'status':
      return showStatus(command.lake, command.json, tools);
    case 'tables':
      return showTables(command.lake, command.json, tools);
    case 'query':
      return showQuery(command.lake, command.sql, command.json, tools);
    case 'up': {
      const stop = new AbortController();
      // Once: a second Ctrl-C ends us at once, and what we started follows.
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
      return up(command, { progress: createProgress(), print, now, sleep, signal: stop.signal });
    }
  }
}

function createProgress(): Progress {
  const { stderr } = process;
  return stderr.isTTY
    ? new ProgressBars(stderr, now)
    : new ProgressLines((text) => void stderr.write(text), now);
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

// Whoever reads us may have had enough (`| head`).
process.stdout.on('error', () => process.exit());

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  complain(error.message);
  process.exitCode = error.exit;
}
