import { z } from 'zod';
import type { DatasetName } from './slice.ts';

/**
 * What an act is about, as people write it: `silver.orders` (dataset), `silver.orders@2011-11-11` (slice),
 * `source:orders`, `backfill:1a2b3c4d`, a layer (`silver`) or `all`.
 */
export type Target =
  | { readonly kind: 'all' }
  | { readonly kind: 'layer'; readonly layer: 'bronze' | 'silver' | 'gold' }
  | { readonly kind: 'dataset'; readonly dataset: DatasetName }
  | { readonly kind: 'slice'; readonly dataset: DatasetName; readonly slice: string }
  | { readonly kind: 'source'; readonly source: string }
  | { readonly kind: 'backfill'; readonly backfill: string };

const NAME = '[a-z][a-z0-9_]{0,62}';
const DATASET = new RegExp(`^(?:bronze|silver|gold)\\.${NAME}$`);
const SLICE = new RegExp(
  `^((?:bronze|silver|gold)\\.${NAME})@([0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2})?)?|all)$`,
);
const SOURCE = new RegExp(`^source:(${NAME})$`);
const BACKFILL = /^backfill:([0-9a-f]{8,32})$/;

/** Undefined when the text is none of the forms. Whether the thing exists is another question. */
export function parseTarget(text: string): Target | undefined {
  if (text === 'all') return { kind: 'all' };
  if (text === 'bronze' || text === 'silver' || text === 'gold') return { kind: 'layer', layer: text };
  if (DATASET.test(text)) return { kind: 'dataset', dataset: text as DatasetName };
  const slice = SLICE.exec(text);
  if (slice !== null) return { kind: 'slice', dataset: slice[1] as DatasetName, slice: slice[2] as string };
  const source = SOURCE.exec(text);
  if (source !== null) return { kind: 'source', source: source[1] as string };
  const backfill = BACKFILL.exec(text);
  return backfill === null ? undefined : { kind: 'backfill', backfill: backfill[1] as string };
}

export function formatTarget(target: Target): string {
  switch (target.kind) {
    case 'all':
      return 'all';
    case 'layer':
      return target.layer;
    case 'dataset':
      return target.dataset;
    case 'slice':
      return `${target.dataset}@${target.slice}`;
    case 'source':
      return `source:${target.source}`;
    case 'backfill':
      return `backfill:${target.backfill}`;
  }
}

function targetText(kinds: readonly Target['kind'][], example: string) {
  return z
    .string()
    .max(128)
    .refine(
      (text) => {
        const kind = parseTarget(text)?.kind;
        return kind !== undefined && kinds.includes(kind);
      },
      `must name ${kinds.join(' or ')}, such as ${example}`,
    )
    .describe(`A ${kinds.join(' or ')}, such as ${example}.`);
}

export const datasetText = targetText(['dataset'], 'silver.orders');
export const sliceText = targetText(['slice'], 'silver.orders@2011-11-11');
export const sourceText = targetText(['source'], 'source:orders');
export const pauseText = targetText(['source', 'dataset', 'backfill'], 'source:orders');
export const freezeText = targetText(['all', 'layer', 'dataset'], 'gold');
export const workText = targetText(['slice', 'dataset', 'source'], 'silver.orders@2011-11-11');
