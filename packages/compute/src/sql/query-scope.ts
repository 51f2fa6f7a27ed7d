import type { Column } from '@lakewarden/contracts';
import { nearestName } from './column-scope.ts';
import type { ColumnReference, Relation } from './tree.ts';
import type { Resolution, Scope } from './typer.ts';

export interface BoundRelation {
  readonly relation: Relation;
  readonly columns: readonly Column[];
}

/** Names of a query: columns of its relations, qualified by alias or alone where only one relation has them. */
export function queryScope(relations: readonly BoundRelation[]): Scope {
  return {
    resolve(qualifier, name) {
      const among =
        qualifier === undefined
          ? relations
          : relations.filter(({ relation }) => relation.alias === qualifier);
      if (among.length === 0) return unknownAlias(qualifier ?? '', relations);
      const found = among.flatMap((bound) => columnOf(bound, name));
      const [column, second] = found;
      if (column === undefined) return unknownColumn(name, among);
      if (second === undefined) return { kind: 'found', column };
      const choices = found.map((reference) => `${reference.relation}.${reference.name}`).join(' or ');
      return { kind: 'refused', message: `"${name}" could be ${choices}`, remedy: 'write which one' };
    },
  };
}

function columnOf(bound: BoundRelation, name: string): readonly ColumnReference[] {
  const column = bound.columns.find((candidate) => candidate.name === name);
  return column === undefined
    ? []
    : [{ kind: 'column', type: column.type, relation: bound.relation.alias, name }];
}

function unknownAlias(alias: string, relations: readonly BoundRelation[]): Resolution {
  const aliases = relations.map(({ relation }) => relation.alias);
  return { kind: 'refused', message: `unknown table "${alias}"`, remedy: nearestName(alias, aliases) };
}

function unknownColumn(name: string, among: readonly BoundRelation[]): Resolution {
  if (name === '_slice') {
    const remedy = 'slices are kept apart without it; use a column of the event time';
    return { kind: 'refused', message: '"_slice" is not a column of yours', remedy };
  }
  const known = [...new Set(among.flatMap((bound) => bound.columns.map((column) => column.name)))];
  return { kind: 'refused', message: `unknown column "${name}"`, remedy: nearestName(name, known) };
}
