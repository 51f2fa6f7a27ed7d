import { didYouMean, listNames, type ProblemLog } from '@lakewarden/compute';
import {
  ACTION_NAMES,
  ACTIONS,
  BUILTIN_STEPS,
  type Check,
  durationMs,
  isActionName,
  mayAct,
  PLACEHOLDERS,
  type Placeholder,
  type Runbook,
  type RunbookStep,
} from '@lakewarden/contracts';
import type { z } from 'zod';
import {
  type Arguments,
  bindText,
  PLACEHOLDERS_ALWAYS,
  PLACEHOLDERS_OF,
  placeholdersIn,
} from './bindings.ts';
import { BUILTIN_ARGUMENTS, isBuiltin } from './builtins.ts';
import { CHECK_ARGUMENTS } from './checks.ts';

/** What the shape of the file cannot say: whether its words mean something, and whether it can end. */
export function checkRunbook(runbook: Runbook, problems: ProblemLog): void {
  const bindable = bindableBy(runbook);
  const seen = new Set<string>();
  runbook.steps.forEach((step, index) => {
    const path = ['steps', index];
    if (seen.has(step.id)) {
      problems.at([...path, 'id'], `"${step.id}" stands here twice`, 'a step is known by its id');
    }
    seen.add(step.id);
    checkStep(runbook, step, path, bindable, problems);
  });
  runbook.preconditions.forEach((check, index) => {
    checkCheck(check, ['preconditions', index], bindable, problems);
  });
  runbook.verify.checks.forEach((check, index) => {
    checkCheck(check, ['verify', 'checks', index], bindable, problems);
  });
  checkTimes(runbook, problems);
}

type Path = (string | number)[];
type Named = readonly Placeholder[];

/** What every kind that it matches can give. */
function bindableBy({ match }: Runbook): Named {
  return PLACEHOLDERS.filter(
    (name) =>
      PLACEHOLDERS_ALWAYS.includes(name) || match.kinds.every((kind) => PLACEHOLDERS_OF[kind].includes(name)),
  );
}

/** They would let a runbook start runbooks for ever, or agree with itself. */
const NOT_FOR_RUNBOOKS: Readonly<Record<string, string>> = {
  'run-runbook': 'a runbook that starts runbooks may never end: write the steps here',
  approve: 'a runbook cannot approve anything: use "ask"',
  reject: 'a runbook cannot reject anything: let it fail',
  apply: 'a plan is applied by the step that makes it: use "replay" or "backfill"',
  acknowledge: 'only people look after an incident: use "notify"',
};

function checkStep(
  runbook: Runbook,
  step: RunbookStep,
  path: Path,
  bindable: Named,
  problems: ProblemLog,
): void {
  const each: Named = step.forEach === 'slices' ? ['slice'] : step.forEach === 'readers' ? ['reader'] : [];
  for (const needed of each) {
    if (bindable.includes(needed)) continue;
    const kinds = runbook.match.kinds.join(', ');
    problems.at([...path, 'forEach'], `signals of ${kinds} have no ${step.forEach}`, 'take it away');
  }
  const known = [...bindable, ...each];
  checkCall(runbook, step, path, known, problems);
  if (step.undo !== undefined) checkUndo(runbook, step.undo, [...path, 'undo'], known, problems);
  step.when.forEach((check, index) => {
    checkCheck(check, [...path, 'when', index], known, problems);
  });
}

function checkUndo(
  runbook: Runbook,
  undo: NonNullable<RunbookStep['undo']>,
  path: Path,
  known: Named,
  problems: ProblemLog,
): void {
  const plans = isActionName(undo.action) && ACTIONS[undo.action].plans;
  if (isBuiltin(undo.action) || plans) {
    problems.at(
      [...path, 'action'],
      `"${undo.action}" undoes nothing`,
      'write an action, such as thaw or resume',
    );
  } else checkCall(runbook, undo, path, known, problems);
}

function checkCall(
  runbook: Runbook,
  { action, with: given }: { readonly action: string; readonly with: Arguments },
  path: Path,
  bindable: Named,
  problems: ProblemLog,
): undefined {
  const at = [...path, 'action'];
  const refusal = Object.hasOwn(NOT_FOR_RUNBOOKS, action) ? NOT_FOR_RUNBOOKS[action] : undefined;
  if (refusal !== undefined) return problems.at(at, `"${action}" is no step of a runbook`, refusal);
  const schema = isBuiltin(action)
    ? BUILTIN_ARGUMENTS[action]
    : isActionName(action)
      ? ACTIONS[action].input
      : undefined;
  if (schema === undefined) {
    const names = [
      ...ACTION_NAMES.filter((name) => !Object.hasOwn(NOT_FOR_RUNBOOKS, name)),
      ...BUILTIN_STEPS,
    ];
    return problems.at(
      at,
      `unknown action "${action.slice(0, 80)}"`,
      didYouMean(action, names) ?? listNames(names),
    );
  }
  if (isActionName(action) && !mayAct(runbook.guardrails.role, ACTIONS[action].role)) {
    const remedy = `write "guardrails: { role: ${ACTIONS[action].role} }"`;
    problems.at(at, `"${action}" needs the role ${ACTIONS[action].role}`, remedy);
  }
  checkArguments(schema, given, [...path, 'with'], bindable, problems);
}

function checkCheck(check: Check, path: Path, bindable: Named, problems: ProblemLog): void {
  checkArguments(CHECK_ARGUMENTS[check.check], check.with, [...path, 'with'], bindable, problems);
}

/** Several for a place that takes more than one form: one of them has to fit. */
const SAMPLES: Readonly<Record<Placeholder, readonly string[]>> = {
  target: ['silver.orders', 'source:orders', 'silver.orders@2026-01-01', 'all'],
  source: ['orders'],
  dataset: ['silver.orders'],
  slice: ['silver.orders@2026-01-01'],
  window: ['2026-01-01'],
  run: ['run-1'],
  dependency: ['storage'],
  partition: ['0'],
  incident: ['inc-1'],
  reader: ['gold.sales'],
};

function checkArguments(
  schema: z.ZodObject,
  given: Arguments,
  path: Path,
  bindable: Named,
  problems: ProblemLog,
): void {
  const before = problems.count;
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === 'string') checkPlaceholders(value, [...path, key], bindable, problems);
  }
  if (problems.count > before) return;
  const trials = SAMPLES.target.map((target) => schema.safeParse(sampled(given, target)));
  if (trials.some(({ success }) => success)) return;
  const issues = trials[0]?.error?.issues ?? [];
  for (const issue of issues) reportIssue(issue, schema, path, problems);
}

function sampled(given: Arguments, target: string): Record<string, unknown> {
  const samples = Object.fromEntries(PLACEHOLDERS.map((name) => [name, SAMPLES[name][0] ?? '']));
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key,
      typeof value === 'string' ? bindText(value, { ...samples, target }) : value,
    ]),
  );
}

function checkPlaceholders(text: string, path: Path, bindable: Named, problems: ProblemLog): void {
  for (const name of placeholdersIn(text)) {
    if ((bindable as readonly string[]).includes(name)) continue;
    const isKnown = (PLACEHOLDERS as readonly string[]).includes(name);
    const message = isKnown
      ? `{${name}} is not known for all that it matches`
      : `unknown placeholder {${name.slice(0, 40)}}`;
    problems.at(path, message, (isKnown ? undefined : didYouMean(name, bindable)) ?? listNames(bindable));
  }
}

function reportIssue(issue: z.core.$ZodIssue, schema: z.ZodObject, path: Path, problems: ProblemLog): void {
  const keys = Object.keys(schema.shape);
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      const remedy = didYouMean(key, keys) ?? listNames(keys) ?? 'it takes none';
      problems.atKey([...path, key], `unknown key "${key}"`, remedy);
    }
    return;
  }
  const [name] = issue.path;
  if (name === undefined) return;
  const message = `${String(name)}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
  problems.at([...path, String(name)], message, listNames(keys));
}

const HOUR_MS = 3_600_000;
const STEP_MS_MAX = 2 * HOUR_MS;
const WAIT_MS_MAX = 24 * HOUR_MS;

/** Every wait has a bound that people can live with (I8). */
function checkTimes(runbook: Runbook, problems: ProblemLog): void {
  const bound = (text: string, maxMs: number, path: Path): void => {
    if (durationMs(text) <= maxMs) return;
    problems.at(path, `${text} is too long`, `at most ${maxMs / HOUR_MS}h`);
  };
  runbook.steps.forEach((step, index) => {
    bound(step.timeout, STEP_MS_MAX, ['steps', index, 'timeout']);
    bound(step.retry.backoff, STEP_MS_MAX, ['steps', index, 'retry', 'backoff']);
    const wait = step.action === 'wait' ? step.with.for : undefined;
    const isDuration = BUILTIN_ARGUMENTS.wait.safeParse(step.with).success;
    if (typeof wait === 'string' && isDuration) bound(wait, STEP_MS_MAX, ['steps', index, 'with', 'for']);
  });
  const { within, stableFor } = runbook.verify;
  bound(within, STEP_MS_MAX, ['verify', 'within']);
  if (durationMs(stableFor) >= durationMs(within)) {
    problems.at(
      ['verify', 'stableFor'],
      `it cannot hold for ${stableFor} within ${within}`,
      'make "within" longer',
    );
  }
  bound(runbook.guardrails.approvalTimeout, WAIT_MS_MAX, ['guardrails', 'approvalTimeout']);
  bound(runbook.guardrails.cooldown, 7 * WAIT_MS_MAX, ['guardrails', 'cooldown']);
}
