import type { Column } from '@lakewarden/contracts';
import { didYouMean, listNames } from './suggest.ts';
import type { Resolution, Scope } from './typer.ts';

/**
 * Names of one row: the columns of a silver row for a rule, an expression or a total. `later` are columns that stand
 * below, `broken` those that were reported already.
 */
export function columnScope(
  columns: readonly Column[],
  later: readonly string[] = [],
  broken: readonly string[] = [],
): Scope {
  const types = new Map(columns.map((column) => [column.name, column.type]));
  return {
    resolve(qualifier, name): Resolution {
      if (qualifier !== undefined) {
        const remedy = `write "${name}" alone: there is one row here`;
        return { kind: 'refused', message: `"${qualifier}.${name}" names no column`, remedy };
      }
      const type = types.get(name);
      if (type !== undefined) {
        return { kind: 'found', column: { kind: 'column', type, relation: undefined, name } };
      }
      if (broken.includes(name)) return { kind: 'broken' };
      if (later.includes(name)) {
        const remedy = 'an expression reads the columns above it: move this one down';
        return { kind: 'refused', message: `"${name}" comes later`, remedy };
      }
      return {
        kind: 'refused',
        message: `unknown column "${name}"`,
        remedy: nearestName(name, [...types.keys()]),
      };
    },
  };
}

export function nearestName(name: string, known: readonly string[]): string | undefined {
  return didYouMean(name, known) ?? listNames(known);
}
