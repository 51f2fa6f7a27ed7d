import { createHash } from 'node:crypto';
import { canonicalJson } from '../sql/canonical-json.ts';
import type { Query } from '../sql/tree.ts';
import type { GoldDataset, SilverDataset } from './model.ts';

/**
 * Counts changes of what a tree *means* (an emitter's form, a pattern, a rule of clean or dedup) that give other rows
 * for the same tree. Raising it makes every slice stale, so it is raised when rows change and never otherwise.
 */
export const SEMANTICS_VERSION = 1;

/**
 * Hash of what decides the rows of a silver step: not its name, its comments or its spelling, and not the totals, which
 * look at rows and change none.
 */
export function silverVersion(step: Omit<SilverDataset, 'stepVersion'>): string {
  const { fields, rules, key, refresh, grain } = step;
  const coordinates = step.from.source.kind;
  return hash({ kind: 'clean', from: step.from.name, coordinates, refresh, grain, fields, rules, key });
}

/** Hash of what decides the rows of a gold step. Aliases are spelling: relations count by their place in the query. */
export function goldVersion(step: Omit<GoldDataset, 'stepVersion'>): string {
  const aliases = [step.query.driving, ...step.query.joins.map((join) => join.relation)].map(
    ({ alias }) => alias,
  );
  const query = renameRelations(step.query, new Map(aliases.map((alias, index) => [alias, `#${index}`])));
  return hash({ kind: 'aggregate', grain: step.grain, query, key: step.key });
}

function hash(value: unknown): string {
  const text = canonicalJson({ semantics: SEMANTICS_VERSION, step: value });
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function renameRelations(query: Query, names: ReadonlyMap<string, string>): unknown {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, field]) => [key, visit(field)]));
    const node = value as { readonly kind?: unknown; readonly relation?: unknown; readonly alias?: unknown };
    if (node.kind === 'column' && typeof node.relation === 'string') copy.relation = names.get(node.relation);
    if (typeof node.alias === 'string') copy.alias = names.get(node.alias);
    return copy;
  };
  return visit(query);
}
