import type { AuditCheck, AuditEntry, Execution, Incident, Plan, RunbookStatus } from '@lakewarden/contracts';
import { planLines } from '../act/plan-lines.ts';
import { jsonText } from '../json-text.ts';
import { formatTable } from '../text-table.ts';
import { countText, hashText, plural, spanText, timeText, whenText } from '../words.ts';
import { field } from './health-lines.ts';
import type { Items, View } from './view.ts';

/** Incidents, runbooks, plans and the audit. */

export function incidentsLines({ items }: Items<Incident>, { width, nowMs }: View): readonly string[] {
  if (items.length === 0) return ['no incidents'];
  const rows = items.map((incident) => [
    incident.id,
    incident.state,
    incident.severity,
    incident.title,
    lastedText(incident, nowMs),
    incident.endedAt === undefined ? whenText(incident.deadline, nowMs) : '',
    incident.runbook ?? '',
    incident.acknowledgedBy ?? '',
  ]);
  const header = ['incident', 'state', 'severity', 'what', 'lasts', 'deadline', 'runbook', 'looked after by'];
  return [formatTable(header, rows, { whole: ['incident'], width })];
}

function lastedText({ openedAt, endedAt }: Incident, nowMs: number): string {
  const endMs = endedAt === undefined ? nowMs : Date.parse(endedAt);
  return spanText(endMs - Date.parse(openedAt));
}

export function incidentLines(incident: Incident, { nowMs, suffix }: View): readonly string[] {
  const evidence = Object.entries(incident.evidence).map(([name, value]) => `${name} ${value}`);
  const isOver = incident.endedAt !== undefined;
  return [
    `${incident.id}  ${incident.title}`,
    ...field('state', `${incident.state} · ${incident.severity} · ${lastedText(incident, nowMs)}`),
    ...field('cause', incident.cause),
    ...field('about', incident.targets.join(', ')),
    ...field('evidence', evidence.join(' · ')),
    ...field('signals', countText(incident.signals)),
    ...field('deadline', isOver ? undefined : whenText(incident.deadline, nowMs)),
    ...field(
      'runbook',
      [incident.runbook, incident.execution].filter((text) => text !== undefined).join(' · '),
    ),
    ...field('looked after', incident.acknowledgedBy),
    ...incident.timeline.map(({ at, what }) => `  ${timeText(at, nowMs).padEnd(12)} ${what}`),
    ...(isOver || incident.acknowledgedBy !== undefined
      ? []
      : [`→ lakewarden acknowledge ${incident.id}${suffix}`]),
  ];
}

interface Runbooks {
  readonly runbooks: readonly RunbookStatus[];
  readonly problems: readonly string[];
}

export function runbooksLines({ runbooks, problems }: Runbooks, { width, suffix }: View): readonly string[] {
  const rows = runbooks.map(({ name, mode, match, executions, verified, last, waiting, title }) => [
    name,
    mode,
    match.join(', '),
    `${verified} of ${executions} verified`,
    waiting.length > 0 ? `${waiting.length} waiting` : (last?.state ?? ''),
    title,
  ]);
  const [waiting] = runbooks.flatMap((runbook) => runbook.waiting);
  return [
    runbooks.length === 0
      ? 'no runbooks'
      : formatTable(['runbook', 'mode', 'for', 'runs', 'last', 'what'], rows, { whole: ['runbook'], width }),
    ...problems.map((problem) => `refused  ${problem}`),
    ...(waiting === undefined ? [] : [`→ lakewarden runbook approve ${waiting}${suffix}`]),
  ];
}

interface RunbookText {
  readonly status: RunbookStatus;
  readonly yaml: string;
  readonly readme: string;
}

/** Its lines as they are written; each is made plain by whoever prints it. */
export function runbookLines({ status, yaml, readme }: RunbookText): readonly string[] {
  return [
    `${status.name}  ${status.mode} · ${status.verified} of ${status.executions} verified · version ${status.version}`,
    '',
    ...readme.trimEnd().split(/\r?\n/),
    '',
    ...yaml.trimEnd().split(/\r?\n/),
  ];
}

export function executionsLines({ items }: Items<Execution>, { width, nowMs }: View): readonly string[] {
  if (items.length === 0) return ['no executions'];
  const rows = items.map(({ id, runbook, state, mode, incident, startedAt, endedAt, steps, note }) => [
    id,
    runbook,
    state,
    mode,
    incident ?? '',
    timeText(startedAt, nowMs),
    endedAt === undefined ? '' : spanText(Date.parse(endedAt) - Date.parse(startedAt)),
    steps.map((step) => `${step.id} ${step.state}`).join(', '),
    note ?? '',
  ]);
  const header = ['execution', 'runbook', 'state', 'mode', 'incident', 'started', 'took', 'steps', 'note'];
  return [formatTable(header, rows, { whole: ['execution'], width })];
}

export function auditLines({ items }: Items<AuditEntry>, { width, nowMs }: View): readonly string[] {
  if (items.length === 0) return ['the audit is empty'];
  const rows = items.map(({ seq, at, actor, role, action, input, effects, hash }) => [
    seq,
    timeText(at, nowMs),
    actor,
    role,
    action ?? '',
    input === undefined ? effects.map(({ type }) => type).join(', ') : jsonText(input),
    hashText(hash),
  ]);
  const header = ['seq', 'at', 'who', 'role', 'action', 'what', 'hash'];
  return [formatTable(header, rows, { width })];
}

export function auditCheckLines({ ok, entries, head, brokenAt, problem }: AuditCheck): readonly string[] {
  if (ok) return [`the audit holds: ${plural(entries, 'entry').replace('entrys', 'entries')}, head ${head}`];
  return [
    `the audit is broken${brokenAt === undefined ? '' : ` at entry ${brokenAt}`}: ${problem ?? 'unknown'} · head ${head}`,
  ];
}

export function planAnswerLines(plan: Plan, { nowMs, suffix }: View): readonly string[] {
  return planLines(plan, { nowMs, suffix, isOffered: true });
}
