import { basename, dirname } from 'node:path';
import { type FileProblem, problemsOfCheck, problemsOfRunbookTest } from './read-problems.ts';
import { type RunOutcome, runBounded } from './run-bounded.ts';
import type { WorkspaceAgent } from './workspace-agent.ts';

export type FileCheck =
  | { readonly kind: 'checked'; readonly problems: readonly FileProblem[] }
  | { readonly kind: 'notChecked'; readonly why: string }
  | { readonly kind: 'cancelled' };

/** Which validator a file is for; undefined: none. */
export function validatorOf(path: string): 'pipeline' | 'runbook' | undefined {
  const name = basename(path);
  if (name === 'pipeline.yaml') return 'pipeline';
  return name === 'runbook.yaml' ? 'runbook' : undefined;
}

/** What the agent's own validator says of a file on disk. Files are named relative to its folder. */
export async function checkFile(
  { path, text }: { readonly path: string; readonly text: string },
  { main, node, cwd }: WorkspaceAgent,
  signal: AbortSignal,
  run: typeof runBounded = runBounded,
): Promise<FileCheck> {
  const isPipeline = validatorOf(path) === 'pipeline';
  // All runbooks of the folder are read: of one that cannot be read, the validator does not know the name.
  const args = isPipeline
    ? ['check', '--pipeline', path]
    : ['runbook', 'test', '--dir', dirname(dirname(path))];
  const outcome = await run({ command: node, args: [main, ...args], cwd }, signal);
  if (outcome.kind === 'cancelled') return { kind: 'cancelled' };
  if (outcome.kind === 'failed') return { kind: 'notChecked', why: `${node}: ${outcome.problem}` };
  const problems = isPipeline
    ? problemsOfCheck(outcome.stdout)
    : problemsOfRunbookTest(outcome.stdout, { name: runbookName(text), path });
  if (problems.length === 0 && outcome.code !== 0) return { kind: 'notChecked', why: whyOf(outcome) };
  return { kind: 'checked', problems };
}

function runbookName(text: string): string {
  return /^name:\s*["']?([a-z0-9-]{1,64})/m.exec(text)?.[1] ?? '';
}

function whyOf({ code, stdout, stderr }: Extract<RunOutcome, { kind: 'ended' }>): string {
  const said = stderr.trim().split('\n').at(-1) || stdout.trim().split('\n').at(-1) || 'nothing';
  return `the agent's validator ended with exit code ${code} and said: ${said.slice(0, 300)}`;
}
