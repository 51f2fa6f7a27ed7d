import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Real data lies beside the project and is never committed. */
export const RETAIL_DATA = resolve(ROOT, '../shared/data/retail');

/** Is the real data here? In CI its absence is a failure; elsewhere its tests are skipped with this line. */
export function hasRetailData(): boolean {
  if (existsSync(RETAIL_DATA)) return true;
  const message = 'the retail data is not beside the project (../shared/data/retail): its tests cannot run';
  if (process.env.CI) throw new Error(message);
  console.warn(`skipped: ${message}`);
  return false;
}
