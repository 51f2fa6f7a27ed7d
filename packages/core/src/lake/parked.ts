import { type DatasetName, TransientError } from '@lakewarden/contracts';

/** Work that was not tried because a dependency's breaker is open: it has not failed, and goes on by itself. */
export interface ParkedWork {
  readonly dataset: DatasetName;
  readonly dependency: string;
}

/** The dependency whose open breaker turned the call away; undefined for every other error. */
export function parkedBy(error: unknown): string | undefined {
  if (!(error instanceof TransientError) || error.code !== 'parked') return undefined;
  return error.dependency ?? 'unknown';
}
