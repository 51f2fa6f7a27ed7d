import { plainText } from './plain-text.ts';
import type { Progress } from './progress.ts';

type Line = Readonly<Record<string, unknown>>;

/** A line of the sources process. Returns the words of a problem, which also ends in the summary. */
export function showSourceLine(
  line: Line,
  stage: 'send' | 'live',
  progress: Pick<Progress, 'update' | 'note'>,
): string | undefined {
  if (isObject(line.progress)) {
    const { source, done, total } = line.progress;
    progress.update(`${stage} ${source}`, Number(done), total === undefined ? undefined : Number(total));
  }
  if (typeof line.notice === 'string') progress.note(plainText(`notice    ${line.notice}`));
  if (line.problem === undefined) return undefined;
  const text = plainText(typeof line.problem === 'string' ? line.problem : problemText(line.problem));
  progress.note(`problem   ${text}`);
  return text;
}

function problemText(problem: unknown): string {
  if (!isObject(problem)) return String(problem);
  const { file, line, column, message, remedy } = problem;
  const place = [file, ...(line ? [line] : []), ...(line && column ? [column] : [])].join(':');
  return `${place}  ${message}${remedy ? ` · ${remedy}` : ''}`;
}

/** A fact of the agent: progress where it is one, a note where a person wants to know. */
export function showAgentLine(line: Line, progress: Pick<Progress, 'update' | 'note'>): void {
  switch (line.type) {
    case 'DrainStarted':
      if (Number(line.events) > 0) progress.update(`land ${line.hub}`, 0, Number(line.events));
      return;
    case 'EventsLanded':
      progress.update(`land ${line.hub}`, Number(line.events), Number(line.events) + Number(line.left));
      return;
    case 'WindowLanded':
      progress.note(plainText(`land ${line.source} ${line.window}: ${plural(line.rows, 'row')}`));
      return;
    case 'RunCommitted':
      progress.note(
        plainText(
          `build ${line.dataset}: ${plural(line.slices, 'slice')}, ${plural(line.rows, 'row')}` +
            ` (engine ${line.engineMs} ms, store ${line.storeMs} ms, commit ${line.commitMs} ms)`,
        ),
      );
      return;
    default:
      if (line.level === 'warn' || line.level === 'error')
        progress.note(plainText(`${`${line.level}`.padEnd(9)} ${describe(line)}`));
  }
}

function plural(count: unknown, what: string): string {
  return `${Number(count).toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}

/** What it was about first, then why; the fields that only a program wants are left out. */
function describe(line: Line): string {
  const {
    at: _at,
    level: _level,
    type: _type,
    run: _run,
    problem: _problem,
    message,
    reason,
    ...fields
  } = line;
  const about = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  const what = [message, ...about].filter((part) => part !== undefined && part !== '').join(' · ');
  return reason === undefined ? what : `${what}: ${reason}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
