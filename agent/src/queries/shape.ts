import { TerminalError } from '@lakewarden/contracts';
import type { AddFile } from '@lakewarden/delta';

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** As the statistics of the file say. */
export function rowsOfFile(file: AddFile): number {
  const known = rows.get(file);
  if (known !== undefined) return known;
  const stats: unknown = JSON.parse(file.stats ?? '{}');
  const count = (stats as { numRecords?: unknown }).numRecords;
  const found = typeof count === 'number' ? count : 0;
  rows.set(file, found);
  return found;
}

const rows = new WeakMap<AddFile, number>();

/** A number for JSON; more events than that is no lag that anybody could read off. */
export function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new TerminalError('limit', `${value} is beyond what JSON numbers hold`);
  return Number(value);
}
