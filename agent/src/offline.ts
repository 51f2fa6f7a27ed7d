import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Pipeline } from '@lakewarden/compute';
import { formatProblem, type Role, TerminalError } from '@lakewarden/contracts';
import { testRunbook } from '@lakewarden/core';
import { systemClock } from './adapters/system-clock.ts';
import { openTokenAuthority } from './api/token-files.ts';
import type { AgentConfig } from './config.ts';
import { readRunbooks, SHIPPED_RUNBOOKS } from './service/runbook-folder.ts';

/** What can be done beside a running agent, or without one. */

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A bearer token for this agent's API. `ttl` such as `12h` or `30d`. Throws `TerminalError('invalid')`. */
export async function makeToken(
  config: AgentConfig,
  request: { readonly subject: string; readonly role: Role; readonly ttl: string },
): Promise<{ readonly token: string }> {
  const [, count, unit] = /^([1-9][0-9]{0,5})([smhd])$/.exec(request.ttl) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  if (count === undefined || unitMs === undefined) {
    throw new TerminalError('invalid', `"${request.ttl}" is no lifetime · write 12h or 30d`);
  }
  const { subject, role } = request;
  const authority = await openTokenAuthority(config.stateDir, systemClock.now);
  return { token: authority.issue({ subject, role, ttlMs: Number(count) * unitMs }) };
}

export interface RunbookTests {
  readonly problems: readonly string[];
  readonly tests: readonly {
    readonly runbook: string;
    readonly test: string;
    readonly ok: boolean;
    readonly note: string;
  }[];
}

/** Decides each fixture of each runbook, without acting. `only`: of one runbook. */
export function testRunbooks(
  pipeline: Pipeline,
  dir: string | undefined,
  only: string | undefined,
  resources: Readonly<Record<string, readonly string[]>> = {},
): RunbookTests {
  const { runbooks, problems } = readRunbooks(dir ?? SHIPPED_RUNBOOKS);
  if (only !== undefined && !runbooks.has(only)) {
    const names = [...runbooks.keys()].join(', ');
    throw new TerminalError('not-found', `no runbook "${only}" · there are: ${names}`);
  }
  const tests = [...runbooks.values()]
    .filter(({ name }) => only === undefined || name === only)
    .flatMap((runbook) =>
      testRunbook(runbook, fixturesBeside(runbook.file), { pipeline, resources }).map(
        ({ name: test, passed: ok, problem: note }) => ({ runbook: runbook.name, test, ok, note }),
      ),
    );
  return { problems: problems.map(formatProblem), tests };
}

/** Every JSON file in the runbook's folder and in `fixtures` below it, by its path from there. */
function fixturesBeside(file: string): ReadonlyMap<string, unknown> {
  const folder = dirname(file);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  return new Map(names.map((name) => [name, readJson(join(folder, name))]));
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new TerminalError('invalid', `${file}: cannot be read as JSON`, { cause });
  }
}
