import { didYouMean, listNames } from '../sql/suggest.ts';

const NAMED = /\b(?:from|join)\s+((?:"[^"]*"|\w+)(?:\s*\.\s*(?:"[^"]*"|\w+))?)/gi;

/**
 * Words for a question that the engine refused in its catalog: which of the names after FROM and JOIN is no table, and
 * what was meant. Only a hint beside the engine's own words, so a quick look at the text will do. Undefined: every name
 * is a table.
 */
export function unknownTable(sql: string, tables: readonly string[]): string | undefined {
  const known = new Set(tables.map((table) => table.toLowerCase()));
  for (const [, text = ''] of sql.matchAll(NAMED)) {
    const name = text.replace(/["\s]/g, '');
    if (known.has(name.toLowerCase())) continue;
    const remedy =
      sameName(name, tables) ?? didYouMean(name, tables) ?? listNames(tables) ?? 'there are none yet';
    return `unknown table "${name}" · ${remedy}`;
  }
  return undefined;
}

/** `orders` may be meant as the table of any layer; the most refined comes last in the order of the layers. */
function sameName(name: string, tables: readonly string[]): string | undefined {
  const meant = tables.findLast((table) => table.slice(table.indexOf('.') + 1) === name.toLowerCase());
  return meant === undefined ? undefined : `did you mean "${meant}"?`;
}
