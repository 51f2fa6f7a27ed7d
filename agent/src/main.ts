#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatProblem, ROLES, roleSchema, TerminalError, TransientError } from '@lakewarden/contracts';
import { type EmitFact, isComplete, reasonOf } from '@lakewarden/core';
import { systemClock } from './adapters/system-clock.ts';
import { type AgentConfig, loadConfig } from './config.ts';
import { loadPipeline } from './load-pipeline.ts';
import { createReader } from './read.ts';
import { stopWithParent } from './stop-with-parent.ts';
import { formatFact } from './telemetry/report.ts';

const USAGE = `usage: agent run --config FILE [--once] [--stop-with-parent]
       agent read --config FILE tables | status | query --sql SQL
       agent check --pipeline FILE
       agent token --config FILE --role viewer|operator|admin|alert-sender --ttl 30d [--subject NAME]
       agent runbook test [--dir DIR] [--runbook NAME] [--pipeline FILE]`;

const SHIPPED_PIPELINE = fileURLToPath(
  new URL('../../packages/retail/pipeline/pipeline.yaml', import.meta.url),
);

const say = (value: unknown) => console.log(JSON.stringify(value));
const emit: EmitFact = (fact) => console.log(formatFact(fact, systemClock.now()));

function parse() {
  return parseArgs({
    allowPositionals: true,
    strict: true,
    options: {
      config: { type: 'string' },
      pipeline: { type: 'string' },
      once: { type: 'boolean' },
      sql: { type: 'string' },
      role: { type: 'string' },
      ttl: { type: 'string' },
      subject: { type: 'string' },
      dir: { type: 'string' },
      runbook: { type: 'string' },
      'stop-with-parent': { type: 'boolean' },
    },
  });
}

async function run(config: AgentConfig, once: boolean, signal: AbortSignal): Promise<number> {
  const loaded = loadPipeline(config.pipeline);
  if (loaded.kind === 'problems') return sayProblems(loaded.problems.map(formatProblem));
  if (!once) {
    // What only a standing agent needs (HTTP, metrics) is not loaded for one tick.
    const { runService } = await import('./service/run-service.ts');
    await runService(config, loaded.pipeline, emit, signal);
    return 0;
  }
  const { runOnce } = await import('./run-once.ts');
  const summary = await runOnce(config, loaded.pipeline, emit, signal);
  say({ type: 'OnceFinished', summary });
  return isComplete(summary) ? 0 : 1;
}

async function read(
  config: AgentConfig,
  verb: string | undefined,
  sql: string | undefined,
  signal: AbortSignal,
) {
  const loaded = loadPipeline(config.pipeline);
  if (loaded.kind === 'problems') return sayProblems(loaded.problems.map(formatProblem));
  const reader = createReader(config, loaded.pipeline);
  switch (verb) {
    case 'tables':
      say({ answer: await reader.tables(signal) });
      return 0;
    case 'status':
      say({ answer: await reader.status(signal) });
      return 0;
    case 'query':
      say({ answer: await reader.query(sql ?? '', signal) });
      return 0;
    default:
      console.error(USAGE);
      return 2;
  }
}

/** Compiles a pipeline file and touches nothing else. */
function check(pipeline: string): number {
  const loaded = loadPipeline(pipeline);
  return loaded.kind === 'problems' ? sayProblems(loaded.problems.map(formatProblem)) : 0;
}

type Values = ReturnType<typeof parse>['values'];

async function giveToken(
  config: AgentConfig,
  { role, ttl = '', subject = 'local' }: Values,
): Promise<number> {
  const known = roleSchema.safeParse(role);
  if (!known.success) {
    throw new TerminalError('invalid', `"${role}" is no role · one of ${ROLES.join(', ')}`);
  }
  const { makeToken } = await import('./offline.ts');
  say({ answer: await makeToken(config, { role: known.data, ttl, subject }) });
  return 0;
}

/** Fixtures may be alerts, which mean something only for a pipeline: the shipped one unless another is named. */
async function tryRunbooks({ dir, runbook, pipeline = SHIPPED_PIPELINE }: Values): Promise<number> {
  const loaded = loadPipeline(pipeline);
  if (loaded.kind === 'problems') return sayProblems(loaded.problems.map(formatProblem));
  const { testRunbooks } = await import('./offline.ts');
  say({ answer: testRunbooks(loaded.pipeline, dir, runbook) });
  return 0;
}

function sayProblems(problems: readonly string[]): number {
  for (const problem of problems) say({ level: 'error', type: 'PipelineProblem', message: problem, problem });
  return 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parse();
  const [verb, what] = positionals;
  if (verb === 'check' && values.pipeline !== undefined) return check(values.pipeline);
  if (verb === 'runbook' && what === 'test') return await tryRunbooks(values);
  if (values.config === undefined) {
    console.error(USAGE);
    return 2;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  if (values['stop-with-parent'] === true) stopWithParent(() => stop.abort());
  const config = loadConfig(values.config);
  try {
    if (verb === 'run') return await run(config, values.once ?? false, stop.signal);
    if (verb === 'token') return await giveToken(config, values);
    if (verb === 'read') return await read(config, what, values.sql, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return 1;
    throw error;
  }
  console.error(USAGE);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof TransientError || error instanceof TerminalError)) throw error;
  say({ level: 'error', type: 'AgentFailed', message: reasonOf(error), problem: error.message });
  process.exitCode = 1;
}
// Nothing of ours is left to do; a socket that an SDK keeps open must not keep the process.
process.exit();
