import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compilePipeline, type Pipeline } from '@lakewarden/compute';
import type { Problem } from '@lakewarden/contracts';

export type LoadedPipeline =
  | { readonly kind: 'compiled'; readonly pipeline: Pipeline }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** Reads the pipeline file and the SQL files beside it from disk, and compiles them. */
export function loadPipeline(file: string): LoadedPipeline {
  const folder = dirname(file);
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(join(folder, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  return compilePipeline(read, basename(file));
}
