#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { localIdentityEnvironment, readTarget } from './azure/target.ts';
import { generateData, generateLive } from './generate/generate-data.ts';
import { DEFAULT_WORLD, type WorldParameters } from './generate/generated-world.ts';
import { loadData, provision, type SourcesLine, type SourcesTools } from './load/load-data.ts';

const USAGE = `usage: sources provision --endpoints FILE --data DIR
       sources load      --endpoints FILE --data DIR [--as-of DAY] [--rows N]
       sources generate  --endpoints FILE --out DIR [--seed N] [--as-of DAY] [--days N] [--rows N] [--live]
       (all: --stop-with-parent ends the process when its stdin ends)`;

const LIVE_EVENTS_PER_SECOND = 40;
const EXIT = { done: 0, problems: 1, usage: 2, stopped: 3 } as const;

async function main(): Promise<number> {
  const { verb, values } = readArguments();
  const stop = stopSignal(values['stop-with-parent'] === true);
  Object.assign(process.env, await localIdentityEnvironment(values.endpoints));
  const tools: SourcesTools = {
    target: await readTarget(values.endpoints),
    say: (line: SourcesLine) => console.log(JSON.stringify(line)),
    sleep: (ms) => pause(ms),
    now: () => performance.now(),
  };
  const rowsMax = values.rows === undefined ? Number.POSITIVE_INFINITY : positive('rows', values.rows);
  switch (verb) {
    case 'provision':
      await provision(tools.target, required('data', values.data));
      return EXIT.done;
    case 'load': {
      const whole = await loadData({ data: required('data', values.data), rowsMax }, tools, stop);
      return whole ? EXIT.done : stop.aborted ? EXIT.stopped : EXIT.problems;
    }
    case 'generate': {
      const { out, live } = values;
      const options = { out: required('out', out), parameters: worldParameters(values) };
      if (live === true) {
        const pace = {
          eventsPerSecond: LIVE_EVENTS_PER_SECOND,
          now: () => Date.now(),
          sleep: pauseUntilStop,
          // A drill makes this file to have bad events sent, and removes it to have good ones again.
          isPoisoned: (hub: string) => existsSync(join(options.out, `poison-${hub}`)),
        };
        await generateLive({ ...options, live: pace }, tools, stop);
        return EXIT.done;
      }
      const whole = await generateData(options, tools, stop);
      return whole ? EXIT.done : stop.aborted ? EXIT.stopped : EXIT.problems;
    }
    default:
      throw new UsageError(`unknown verb ${verb}`);
  }
}

class UsageError extends Error {}

function readArguments() {
  const options = {
    endpoints: { type: 'string' },
    data: { type: 'string' },
    out: { type: 'string' },
    seed: { type: 'string' },
    days: { type: 'string' },
    rows: { type: 'string' },
    'as-of': { type: 'string' },
    live: { type: 'boolean' },
    'stop-with-parent': { type: 'boolean' },
  } as const;
  try {
    const { positionals, values } = parseArgs({ options, allowPositionals: true, strict: true });
    const [verb, ...others] = positionals;
    if (verb === undefined || others.length > 0) throw new UsageError('one verb is needed');
    return { verb, values: { ...values, endpoints: required('endpoints', values.endpoints) } };
  } catch (cause) {
    throw cause instanceof UsageError ? cause : new UsageError((cause as Error).message);
  }
}

function worldParameters(values: Readonly<Record<string, string | boolean | undefined>>): WorldParameters {
  const number = (name: 'seed' | 'days' | 'rows', otherwise: number): number =>
    typeof values[name] === 'string' ? positive(name, values[name]) : otherwise;
  const asOf = values['as-of'] ?? DEFAULT_WORLD.asOf;
  if (typeof asOf !== 'string' || Number.isNaN(Date.parse(`${asOf}T00:00:00Z`))) {
    throw new UsageError(`--as-of is no day: ${asOf}`);
  }
  return {
    asOf,
    seed: number('seed', DEFAULT_WORLD.seed),
    days: number('days', DEFAULT_WORLD.days),
    orderRows: number('rows', DEFAULT_WORLD.orderRows),
  };
}

async function pauseUntilStop(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`--${name} is required`);
  return value;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`--${name} is no positive number: ${text}`);
  return value;
}

/** Aborts on SIGTERM and SIGINT, and when the process that started us is gone. */
function stopSignal(withParent: boolean): AbortSignal {
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once('SIGTERM', abort);
  process.once('SIGINT', abort);
  // Nobody reads us any more.
  process.stdout.on('error', abort);
  if (withParent) {
    process.stdin.on('end', abort).on('error', abort).resume();
    process.stdin.unref?.();
  }
  return stop.signal;
}

try {
  process.exitCode = await main();
} catch (cause) {
  const usage = cause instanceof UsageError;
  console.error(usage ? `${cause.message}\n${USAGE}` : JSON.stringify({ problem: (cause as Error).message }));
  process.exitCode = usage ? EXIT.usage : EXIT.problems;
}
// Open handles (stdin, idle connections of a closed client) must not keep a finished process alive.
process.exit();
