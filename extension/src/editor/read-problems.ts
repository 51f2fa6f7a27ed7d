/** One thing that the agent's validator found wrong; line and column from 0. */
export interface FileProblem {
  /** As the validator named it, relative to the folder of the file that was checked. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Known for the whole file alone. */
  readonly isWhole: boolean;
}

const PROBLEMS_MAX = 200;
const PLACED = /^(.+?):(\d{1,7}):(\d{1,7}) {2}(.+)$/s;
const WHOLE = /^(\S+) {2}(.+)$/s;

/** `pipeline.yaml:41:12  unknown column "unit_prise" · did you mean "unit_price"?` */
export function readProblem(text: string): FileProblem | undefined {
  const placed = PLACED.exec(text);
  if (placed !== null) {
    const [, file = '', line, column, message = ''] = placed;
    return {
      file,
      line: Math.max(0, Number(line) - 1),
      column: Math.max(0, Number(column) - 1),
      message,
      isWhole: false,
    };
  }
  const whole = WHOLE.exec(text);
  if (whole === null) return undefined;
  return { file: whole[1] ?? '', line: 0, column: 0, message: whole[2] ?? '', isWhole: true };
}

/** What `agent check --pipeline FILE` says: a line of JSON each. Lines that are something else are left out. */
export function problemsOfCheck(stdout: string): readonly FileProblem[] {
  return jsonLines(stdout)
    .flatMap(({ problem }) => (typeof problem === 'string' ? [readProblem(problem)] : []))
    .filter((problem) => problem !== undefined)
    .slice(0, PROBLEMS_MAX);
}

/** What `agent runbook test --dir DIR` says of one runbook: why it cannot be read, and which of its tests do not hold. */
export function problemsOfRunbookTest(
  stdout: string,
  { name, path }: { readonly name: string; readonly path: string },
): readonly FileProblem[] {
  const answer = jsonLines(stdout).find((line) => 'answer' in line)?.answer as
    | { readonly problems?: unknown; readonly tests?: unknown }
    | undefined;
  const problems = listOf(answer?.problems)
    .flatMap((text) => (typeof text === 'string' ? [readProblem(text)] : []))
    .filter((problem) => problem !== undefined && samePath(problem.file, path));
  const tests = listOf(answer?.tests).flatMap((test) => {
    const { runbook, test: of, ok, note } = (test ?? {}) as Readonly<Record<string, unknown>>;
    if (ok !== false || runbook !== name) return [];
    return [{ ...WHOLE_FILE, file: path, message: `test "${String(of)}" does not hold: ${String(note)}` }];
  });
  return [...problems.filter((problem) => problem !== undefined), ...tests].slice(0, PROBLEMS_MAX);
}

const WHOLE_FILE = { line: 0, column: 0, isWhole: true } as const;

function samePath(a: string, b: string): boolean {
  return a === b || a.replaceAll('\\', '/').toLowerCase() === b.replaceAll('\\', '/').toLowerCase();
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function jsonLines(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  return stdout.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line) as Readonly<Record<string, unknown>>];
    } catch {
      return [];
    }
  });
}
