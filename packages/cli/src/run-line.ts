import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { usageLines, verbHelpLines } from './line/help.ts';
import { parseLine } from './line/parse-line.ts';
import { plainText } from './plain-text.ts';
import { allVerbs } from './verbs.ts';
import type { World } from './world.ts';

/** Runs one command line. What a person did wrong or was refused is told on stderr; anything else that throws is a bug. */
export async function runLine(args: readonly string[], world: World): Promise<ExitCode> {
  try {
    const verbs = allVerbs();
    const parsed = parseLine(args, verbs, world);
    if (parsed.kind === 'run') return await parsed.line.verb.run(parsed.line, world);
    const pages = parsed.verbs?.map(verbHelpLines) ?? [usageLines(verbs)];
    world.print(pages.map((lines) => lines.join('\n')).join('\n\n'));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const text of error.message.split('\n')) world.complain(plainText(text));
    return error.exit;
  }
}
