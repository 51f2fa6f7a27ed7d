import { readFileSync } from 'node:fs';

export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A line a test, with what failed. */
  readonly output: string;
}

/**
 * What the suite has written of itself (extension/test/suite/result-file.ts), with the exit code of its extension host,
 * undefined when that did not end. Throws when the two are no proof that all of it ran: of an extension host that dies in
 * the middle VS Code says 0.
 */
export function readSuiteResult(file: string, code: number | undefined): SuiteResult {
  const output = readText(file);
  const lines = output.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  const how = code === undefined ? 'did not end in time' : `ended with ${code}`;
  const verdict = parse(last);
  if (verdict?.ended !== true)
    throw new Error(`the extension host ${how}, and its suite did not end\n${output}`);
  const { passed, failed, skipped } = verdict;
  if ((code === 0) !== (failed === 0))
    throw new Error(`the extension host ${how}, and its suite says ${last}\n${output}`);
  return { passed, failed, skipped, output: lines.slice(0, -1).join('\n') };
}

interface Verdict extends Omit<SuiteResult, 'output'> {
  readonly ended: boolean;
}

function parse(line: string): Verdict | undefined {
  try {
    return JSON.parse(line) as Verdict;
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
