import type { ActionName } from '@lakewarden/contracts';
import type { ViewCommandName } from './command-table.ts';

/**
 * What a node says of itself to the menus: its `contextValue` is its kind, layer and state, then what can be done with
 * it, joined by dots: `dataset.silver.failed.can-retry.next-retry.see-openLineage`. `can`: in its menu. `next`: the likely
 * next act, as a button on its row; at most two.
 */
export const NODE_KINDS = [
  'layer',
  'dataset',
  'month',
  'slice',
  'backfill',
  'run',
  'incident',
  'execution',
  'step',
  'event',
  'source',
  'partition',
  'breaker',
  'runbook',
  'group',
  'more',
  'note',
] as const;
export type TreeNodeKind = (typeof NODE_KINDS)[number];

export const INLINE_MAX = 2;

export interface Abilities {
  readonly can?: readonly ActionName[];
  readonly see?: readonly ViewCommandName[];
  readonly next?: readonly (ActionName | ViewCommandName)[];
}

export function contextValue(
  kind: TreeNodeKind,
  state: readonly string[],
  { can = [], see = [], next = [] }: Abilities,
): string {
  return [
    kind,
    ...state,
    ...can.map((name) => `can-${name}`),
    ...see.map((name) => `see-${name}`),
    ...next.slice(0, INLINE_MAX).map((name) => `next-${name}`),
  ].join('.');
}

/** A `when` clause for nodes that have a facet. */
export function whenFacet(facet: string): string {
  return `viewItem =~ /\\.${facet}(\\.|$)/`;
}
