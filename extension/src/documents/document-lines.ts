import type {
  AuditCheck,
  AuditEntry,
  BackfillHealth,
  Blame,
  BreakerHealth,
  Execution,
  Incident,
  QuarantineReport,
  RunHealth,
  TableRows,
} from '@lakewarden/contracts';
import {
  accountingText,
  countText,
  hashText,
  plural,
  spanText,
  timeText,
  whenText,
} from '../../shared/words.ts';
import { textTable } from './text-table.ts';
import { visibleText } from './visible-text.ts';

/** Answers of the agent as texts for people; what is not ours is made visible and bounded, cell by cell. */

const EACH_SHOWN_MAX = 100;
const WORDS_CHARS_MAX = 300;
const words = (text: string): string => visibleText(text, WORDS_CHARS_MAX);

export function rowsLines({ table, columns, rows, truncated }: TableRows, title: string): readonly string[] {
  const count = `${plural(rows.length, 'row')}${truncated ? ', more are there' : ''}`;
  return [
    `${title} · ${words(table)} · ${count} · cells are cut at 60 characters, ∅ is null`,
    '',
    ...textTable(
      columns.map(({ name }) => name),
      rows,
    ),
    '',
    'columns',
    ...columns.map(({ name, type }) => `  ${words(name)}: ${words(type)}`),
  ];
}

export function quarantineLines(report: QuarantineReport): readonly string[] {
  const { dataset, rows, reasons } = report;
  if (rows === 0) return [`Nothing of ${words(dataset)} is in quarantine.`];
  return [
    `Quarantine of ${words(dataset)} · ${plural(rows, 'row')} · by reason`,
    '',
    ...textTable(
      ['reason', 'rows', 'first slice', 'last slice'],
      reasons.map((each) => [each.reason, countText(each.rows), each.firstSlice, each.lastSlice]),
      120,
    ),
  ];
}

export function blameLines(blame: Blame, nowMs: number): readonly string[] {
  const { commit, accounting, stepVersion } = blame;
  const at = commit?.at === undefined ? '' : ` · ${timeText(commit.at, nowMs)}`;
  return [
    `Where the rows of ${words(blame.slice)} come from`,
    '',
    ...field('rows', accounting === undefined ? undefined : accountingText(accounting)),
    ...field(
      'step',
      stepVersion === undefined
        ? undefined
        : `${stepVersion}${blame.stepIsCurrent ? '' : ' (an older one than the pipeline has now)'}`,
    ),
    ...field('run', blame.run),
    ...field('commit', commit === undefined ? undefined : `${commit.table} version ${commit.version}${at}`),
    ...several(
      'reads',
      ['slice', 'rows', 'version'],
      blame.inputs.map(({ slice, rows, version }) => [slice, countText(rows), version]),
    ),
    ...several(
      'offsets',
      ['source', 'generation', 'partition', 'first', 'last', 'rows', 'file'],
      blame.offsets.map((range) => [
        range.source,
        range.generation,
        range.partition,
        range.first,
        range.last,
        countText(range.rows),
        range.file,
      ]),
    ),
    ...several(
      'windows',
      ['source', 'window', 'attempt', 'run', 'rows'],
      blame.windows.map((each) => [
        each.source,
        each.window,
        each.attempt,
        each.run ?? '',
        countText(each.rows),
      ]),
    ),
    ...several(
      'files',
      ['table', 'path', 'rows', 'bytes'],
      blame.files.map(({ table, path, rows, bytes }) => [table, path, countText(rows), countText(bytes)]),
    ),
    ...several(
      'pins',
      ['pin'],
      blame.pins.map((pin) => [pin]),
    ),
    ...several(
      'acts',
      ['audit', 'at', 'who', 'action'],
      blame.acts.map(({ seq, at: when, actor, action }) => [seq, timeText(when, nowMs), actor, action]),
    ),
    ...(blame.truncated ? ['', 'More is there: ask for a slice further back.'] : []),
  ];
}

export function runLines(run: RunHealth, nowMs: number): readonly string[] {
  return [
    `run ${words(run.id)} · ${run.state}`,
    '',
    ...field('dataset', run.dataset),
    ...field('slices', `${countText(run.sliceCount)}: ${run.slices.slice(0, EACH_SHOWN_MAX).join(', ')}`),
    ...field('rows', run.rows === undefined ? undefined : countText(run.rows)),
    ...field('engine', run.engine),
    ...field('started', timeText(run.startedAt, nowMs)),
    ...field('took', run.durationMs === undefined ? undefined : spanText(run.durationMs)),
    ...field('backfill', run.backfill),
    ...(run.error === undefined ? [] : ['', 'error', `  ${visibleText(run.error, 4_000)}`]),
  ];
}

export function backfillLines(backfill: BackfillHealth, nowMs: number): readonly string[] {
  const { title, state, built, total, failed, current } = backfill;
  return [
    `${words(title)} · ${state}`,
    '',
    ...field('id', backfill.id),
    ...field('built', `${countText(built)} of ${plural(total, 'slice')}`),
    ...field('failed', failed === 0 ? undefined : countText(failed)),
    ...field('now', current.slice(0, EACH_SHOWN_MAX).join(', ')),
    ...field('left', backfill.remainingMs === undefined ? undefined : `~${spanText(backfill.remainingMs)}`),
    ...field('started', timeText(backfill.startedAt, nowMs)),
    ...field('ended', backfill.endedAt === undefined ? undefined : timeText(backfill.endedAt, nowMs)),
    ...field('plan', backfill.plan),
  ];
}

export function incidentLines(
  incident: Incident,
  executions: readonly Execution[],
  nowMs: number,
): readonly string[] {
  const endMs = incident.endedAt === undefined ? nowMs : Date.parse(incident.endedAt);
  return [
    words(incident.title),
    '',
    ...field('incident', incident.id),
    ...field('state', `${incident.state} · ${incident.severity}`),
    ...field('lasts', spanText(endMs - Date.parse(incident.openedAt))),
    ...field('cause', incident.cause),
    ...field('about', incident.targets.join(', ')),
    ...field('signals', countText(incident.signals)),
    ...field('deadline', incident.endedAt === undefined ? whenText(incident.deadline, nowMs) : undefined),
    ...field('runbook', incident.runbook),
    ...field('looked after', incident.acknowledgedBy),
    '',
    'evidence',
    ...Object.entries(incident.evidence).map(([name, value]) => `  ${words(name)}: ${words(String(value))}`),
    ...executions.flatMap((execution) => ['', ...executionLines(execution, nowMs)]),
    '',
    'timeline',
    ...incident.timeline.map(({ at, what }) => `  ${timeText(at, nowMs).padEnd(18)} ${words(what)}`),
  ];
}

function executionLines(execution: Execution, nowMs: number): readonly string[] {
  return [
    `execution ${words(execution.id)} of ${words(execution.runbook)} · ${execution.state} · ${execution.mode}`,
    ...field('note', execution.note),
    ...execution.steps.map(({ id, action, state, at, note }) =>
      `  ${words(id).padEnd(18)} ${state.padEnd(8)} ${words(action).padEnd(14)} ${at === undefined ? '' : timeText(at, nowMs)} ${note === undefined ? '' : words(note)}`.trimEnd(),
    ),
  ];
}

export function auditLines(
  entries: readonly AuditEntry[],
  check: AuditCheck,
  nowMs: number,
): readonly string[] {
  const broken = check.brokenAt === undefined ? '' : ` at entry ${check.brokenAt}`;
  return [
    check.ok
      ? `The audit holds: ${countText(check.entries)} entries, head ${check.head}`
      : `The audit is broken${broken}: ${words(check.problem ?? 'unknown')} · head ${check.head}`,
    '',
    ...textTable(
      ['seq', 'at', 'who', 'role', 'action', 'what', 'hash'],
      entries.map(({ seq, at, actor, role, action, input, effects, hash }) => [
        seq,
        timeText(at, nowMs),
        actor,
        role,
        action ?? '',
        input === undefined ? effects.map(({ type }) => type).join(', ') : input,
        hashText(hash),
      ]),
      100,
    ),
  ];
}

export function breakersLines(breakers: readonly BreakerHealth[], nowMs: number): readonly string[] {
  return [
    'What Lakewarden depends on',
    '',
    ...textTable(
      ['dependency', 'state', 'since', 'failures', 'calls', 'retries', 'waiting', 'next probe', 'last error'],
      breakers.map((each) => [
        each.dependency,
        each.state,
        whenText(each.since, nowMs),
        countText(each.failures),
        countText(each.calls),
        countText(each.retries),
        countText(each.parkedCalls),
        each.nextProbeAt === undefined ? '' : whenText(each.nextProbeAt, nowMs),
        each.lastError ?? '',
      ]),
      120,
    ),
  ];
}

/** Comment lines of the agent's words before a runbook as it is written. */
export function runbookLines(
  { yaml, readme }: { readonly yaml: string; readonly readme: string },
  executions: readonly Execution[],
  nowMs: number,
): readonly string[] {
  const text = (written: string) => written.trimEnd().split(/\r?\n/).map(words);
  return [
    ...text(readme).map((line) => `# ${line}`.trimEnd()),
    '',
    ...text(yaml),
    ...(executions.length === 0 ? [] : ['', '# executions, newest first']),
    ...executions
      .slice(0, 10)
      .flatMap((execution) => executionLines(execution, nowMs).map((line) => `# ${line}`)),
  ];
}

function field(name: string, text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : [`  ${name.padEnd(13)} ${words(text)}`];
}

function several(
  title: string,
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
): readonly string[] {
  if (rows.length === 0) return [];
  const left = rows.length - EACH_SHOWN_MAX;
  return [
    '',
    title,
    ...textTable(header, rows.slice(0, EACH_SHOWN_MAX), 100).map((line) => `  ${line}`),
    ...(left > 0 ? [`  and ${countText(left)} more`] : []),
  ];
}
