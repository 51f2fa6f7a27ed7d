import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A text of the product that is another one while the simulation runs. The product itself knows nothing of it. */
export interface Patch {
  /** Path from the repository's root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/**
 * From now on the named modules are loaded with their patches. Returns what lists the patches that were never applied,
 * because nothing imported their module.
 * @throws at the import, when a patch no longer fits the product: then it is the patch that must follow.
 */
export function patchModules(patches: readonly Patch[]): () => readonly Patch[] {
  const byUrl = Map.groupBy(patches, ({ file }) => pathToFileURL(join(ROOT, file)).href);
  const pending = new Set(patches);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const found = byUrl.get(url);
      if (found === undefined) return loaded;
      let source = String(loaded.source);
      for (const patch of found) {
        if (source.split(patch.from).length !== 2) {
          throw new Error(`${patch.file} does not hold exactly once what a patch replaces:\n${patch.from}`);
        }
        source = source.replace(patch.from, () => patch.to);
        pending.delete(patch);
      }
      return { ...loaded, source };
    },
  });
  return () => [...pending];
}
