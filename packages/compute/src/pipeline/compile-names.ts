import { RESERVED_WORDS } from '../sql/reserved-words.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Checks a name that people give; it becomes a folder, a column or a word in SQL. Reports at the key of `path`. */
export function checkName(name: string, what: string, path: Path, problems: ProblemLog): boolean {
  if (!NAME.test(name)) {
    const proposal = name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^[_0-9]+|_+$/g, '')
      .slice(0, 63);
    const remedy = NAME.test(proposal) ? `write "${proposal}"` : undefined;
    const rule = 'lower-case letters, digits and "_", at most 63, a letter first';
    problems.atKey(path, `"${name.slice(0, 80)}" cannot name a ${what}: ${rule}`, remedy);
    return false;
  }
  if (RESERVED_WORDS.has(name)) {
    problems.atKey(
      path,
      `"${name}" is a word of SQL and cannot name a ${what}`,
      `write "${name}_" or a better name`,
    );
    return false;
  }
  return true;
}
