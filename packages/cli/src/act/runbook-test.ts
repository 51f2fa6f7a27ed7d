import { askAgent } from '../ask-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { isSet, type Line, textOption } from '../line/verb.ts';
import { printLines } from '../look/look.ts';
import { formatTable } from '../text-table.ts';
import { plural } from '../words.ts';
import type { World } from '../world.ts';

/** What `agent runbook test` answers. */
export interface RunbookTests {
  /** Files that cannot be read as runbooks, with place and remedy. */
  readonly problems: readonly string[];
  readonly tests: readonly {
    readonly runbook: string;
    readonly test: string;
    readonly ok: boolean;
    /** What was expected and what came, where they differ. */
    readonly note: string;
  }[];
}

export async function testRunbooks(line: Line, world: World): Promise<ExitCode> {
  const dir = textOption(line, 'dir');
  const { runbook } = line.words;
  const answer = await askAgent<RunbookTests>(
    [
      'runbook',
      'test',
      ...(dir === undefined ? [] : ['--dir', dir]),
      ...(runbook === undefined ? [] : ['--runbook', runbook]),
    ],
    world,
  );
  if (answer === undefined) return EXIT.failed;
  if (isSet(line, 'json')) world.print(jsonText(answer));
  else for (const text of testLines(answer, world.screen?.columns)) printLines(text, world);
  return isGood(answer) ? EXIT.done : EXIT.failed;
}

export function testLines(answer: RunbookTests, width: number | undefined): readonly string[] {
  const { problems, tests } = answer;
  const rows = tests.map(({ runbook, test, ok, note }) => [runbook, test, ok ? 'ok' : 'failed', note]);
  const failed = tests.filter(({ ok }) => !ok).length;
  const refused = problems.length === 0 ? [] : [`${plural(problems.length, 'file')} refused`];
  return [
    ...(rows.length === 0
      ? []
      : [formatTable(['runbook', 'test', 'result', 'note'], rows, { whole: ['runbook'], width })]),
    ...problems.map((problem) => `refused  ${problem}`),
    [`${tests.length - failed} ok`, `${failed} failed`, ...refused].join(' · '),
  ];
}

function isGood({ problems, tests }: RunbookTests): boolean {
  return problems.length === 0 && tests.every(({ ok }) => ok);
}
