import type { Problem } from '@lakewarden/contracts';
import type { Pipeline } from './model.ts';

export type Compilation =
  | { readonly kind: 'compiled'; readonly pipeline: Pipeline }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/**
 * Compiles a pipeline file. `read` gives the text of a file by its path (`file` itself, and queries relative to its
 * folder) or undefined when it does not exist. Returns all problems at once; never throws on bad input.
 */
export function compilePipeline(_read: (path: string) => string | undefined, _file: string): Compilation {
  throw new Error('not written yet');
}
