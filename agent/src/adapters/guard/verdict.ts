import { type FailureCode, TerminalError, TransientError } from '@lakewarden/contracts';

/**
 * What the end of a call says about the dependency behind it:
 * - `answered`: it is there, even where it refused (reliability.md §0.5: a 4xx opens nothing)
 * - `failed`: it did not do its work
 * - `silent`: nothing; the caller left, or something of our own broke
 */
export type Verdict = 'answered' | 'failed' | 'silent';

/** Transient, and yet no word about the dependency. */
const SILENT: ReadonlySet<FailureCode> = new Set(['cancelled', 'parked']);

export function verdictOn(error: unknown): Verdict {
  if (error instanceof TerminalError) return 'answered';
  if (!(error instanceof TransientError) || SILENT.has(error.code)) return 'silent';
  return error.code === 'not-found' ? 'answered' : 'failed';
}
