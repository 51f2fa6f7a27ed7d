import { nearestName } from '../sql/column-scope.ts';
import { compileDurationWithin } from './compile-duration.ts';
import { checkName } from './compile-names.ts';
import { watchableNames } from './compile-objectives.ts';
import type { LogRule } from './model.ts';
import type { PipelineFile } from './pipeline-file.ts';
import type { LogRuleEntry } from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';

const RULES_MAX = 100;
const QUERY_LENGTH_MAX = 10_000;
const EVERY_BOUNDS = ['1s', '24h'] as const;
const WINDOW_BOUNDS = ['1s', '31d'] as const;

/** What a query means is for Log Analytics to say; here it is only not empty. */
export function compileLogRules(shape: PipelineFile, problems: ProblemLog): readonly LogRule[] {
  if (shape.logRules.size > RULES_MAX) problems.atKey(['logRules'], `more than ${RULES_MAX} rules`);
  return [...shape.logRules].flatMap(([name, entry]) => {
    const named = checkName(name, 'rule', ['logRules', name], problems);
    const rule = entry && compileLogRule(name, entry, shape, problems);
    return named && rule !== undefined ? [rule] : [];
  });
}

function compileLogRule(
  name: string,
  entry: LogRuleEntry,
  shape: PipelineFile,
  problems: ProblemLog,
): LogRule | undefined {
  const before = problems.count;
  const path = ['logRules', name];
  const { workspace, above, targets, severity = 'warning', title } = entry;
  const query = entry.query.trim();
  if (query === '')
    problems.at(
      [...path, 'query'],
      'a rule asks something',
      "write KQL: ADFPipelineRun | where Status == 'Failed'",
    );
  if (query.length > QUERY_LENGTH_MAX) {
    problems.at([...path, 'query'], `longer than ${QUERY_LENGTH_MAX} characters`);
  }
  if (workspace !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(workspace)) {
    problems.at([...path, 'workspace'], `"${workspace.slice(0, 80)}" is no id of a workspace`);
  }
  if (!Number.isFinite(above)) problems.at([...path, 'above'], 'a number is expected');
  const everyMs = compileDurationWithin(entry.every, EVERY_BOUNDS, [...path, 'every'], problems);
  const windowMs = compileDurationWithin(entry.window, WINDOW_BOUNDS, [...path, 'window'], problems);
  if (everyMs !== undefined && windowMs !== undefined && windowMs < everyMs) {
    const message = `it looks ${entry.window} back every ${entry.every}: what happens between is never seen`;
    problems.at([...path, 'window'], message, `write "window: ${entry.every}" or more`);
  }
  const known = watchableNames(shape);
  targets.forEach((target, index) => {
    if (known.includes(target)) return;
    const at = [...path, 'targets', index];
    problems.at(at, `unknown dataset or source "${target.slice(0, 80)}"`, nearestName(target, known));
  });
  if (problems.count > before || everyMs === undefined || windowMs === undefined) return undefined;
  return {
    name,
    ...(workspace !== undefined && { workspace }),
    query,
    everyMs,
    windowMs,
    above,
    targets,
    severity,
    title,
  };
}
