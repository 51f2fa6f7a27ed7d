import type { Progress } from './progress.ts';

type Line = Readonly<Record<string, unknown>>;

/** A line of the sources process. Returns the words of a problem, which also ends in the summary. */
export function showSourceLine(line: Line, progress: Progress): string | undefined {
  if (isObject(line.progress)) {
    const { source, done, total } = line.progress;
    progress.update(`send ${source}`, Number(done), total === undefined ? undefined : Number(total));
  }
  if (line.problem === undefined) return undefined;
  const text = typeof line.problem === 'string' ? line.problem : problemText(line.problem);
  progress.note(`problem   ${text}`);
  return text;
}

function problemText(problem: unknown): string {
  if (!isObject(problem)) return String(problem);
  const { file, line, column, message, remedy } = problem;
  const place = line ? `${file}:${line}:${column ?? 0}` : `${file}`;
  return `${place}  ${message}${remedy ? ` · ${remedy}` : ''}`;
}

/** A fact of the agent: progress where it is one, a note where a person wants to know. */
export function showAgentLine(line: Line, progress: Progress): void {
  switch (line.type) {
    case 'EventsLanded':
      progress.update(`land ${line.hub}`, Number(line.events), Number(line.events) + Number(line.left));
      return;
    case 'WindowLanded':
      progress.note(`land ${line.source} ${line.window}: ${Number(line.rows).toLocaleString('en-US')} rows`);
      return;
    case 'RunCommitted':
      progress.note(
        `build ${line.dataset}: ${line.slices} slices, ${Number(line.rows).toLocaleString('en-US')} rows` +
          ` (engine ${line.engineMs} ms, store ${line.storeMs} ms, commit ${line.commitMs} ms)`,
      );
      return;
    default:
      if (line.level === 'warn' || line.level === 'error') progress.note(`${line.level}  ${describe(line)}`);
  }
}

function describe(line: Line): string {
  const { at: _at, level: _level, message, type: _type, ...fields } = line;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return `${message ?? ''} ${rest.join(' ')}`.trim();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
