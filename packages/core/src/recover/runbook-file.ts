import { createHash } from 'node:crypto';
import { checkPart, ProblemLog, readYaml } from '@lakewarden/compute';
import { type Problem, type Runbook, runbookSchema } from '@lakewarden/contracts';
import { checkRunbook } from './check-runbook.ts';

/** A runbook that can be run. */
export interface LoadedRunbook extends Runbook {
  /** Content hash of its file: an execution says which text it ran. */
  readonly version: string;
  readonly file: string;
  readonly yaml: string;
}

export type RunbookReading =
  | { readonly kind: 'runbook'; readonly runbook: LoadedRunbook }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** All that is wrong with it at once, by line and column. Never throws on bad input. */
export function parseRunbook(yaml: string, file: string): RunbookReading {
  const reading = readYaml(yaml, 'apiVersion: lakewarden/v1');
  if (reading.kind === 'problems') {
    return { kind: 'problems', problems: reading.problems.map((problem) => ({ file, ...problem })) };
  }
  const problems = new ProblemLog(file, reading.document);
  const runbook = checkPart(runbookSchema, reading.document.value, [], problems);
  if (runbook !== undefined) checkRunbook(runbook, problems);
  if (runbook === undefined || problems.count > 0) return { kind: 'problems', problems: problems.list() };
  const version = createHash('sha256').update(yaml).digest('hex').slice(0, 12);
  return { kind: 'runbook', runbook: { ...runbook, version, file, yaml } };
}

export interface RunbookShelf {
  /** By name. */
  readonly runbooks: ReadonlyMap<string, LoadedRunbook>;
  readonly problems: readonly Problem[];
}

/** One broken file does not take the others away. Of two runbooks with one name the first file counts. */
export function shelveRunbooks(
  files: readonly { readonly file: string; readonly yaml: string }[],
): RunbookShelf {
  const runbooks = new Map<string, LoadedRunbook>();
  const problems: Problem[] = [];
  for (const { file, yaml } of files) {
    const reading = parseRunbook(yaml, file);
    if (reading.kind === 'problems') {
      problems.push(...reading.problems);
      continue;
    }
    const { runbook } = reading;
    const other = runbooks.get(runbook.name);
    if (other === undefined) runbooks.set(runbook.name, runbook);
    else {
      const message = `${other.file} is a runbook "${runbook.name}" already`;
      problems.push({ file, line: 0, column: 0, message, remedy: 'give it another name' });
    }
  }
  return { runbooks, problems };
}
