#!/usr/bin/env node
import { parseCommand, USAGE } from './arguments.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { createProgress } from './progress.ts';
import { showQuery, showStatus, showTables } from './read.ts';
import { up } from './up.ts';

const print = (text: string) => console.log(text);
const complain = (text: string) => console.error(text);

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
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
      const progress = createProgress(process.stderr, () => performance.now());
      return up(command, { progress, print, now: () => Math.round(performance.now()), signal: stop.signal });
    }
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  complain(error.message);
  process.exitCode = error.exit;
}
