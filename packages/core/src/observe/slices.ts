import { type DatasetName, parseTarget } from '@lakewarden/contracts';
import type { SliceView } from '../reconcile/world.ts';
import { placesOf } from './lineage.ts';
import type { Observation } from './observation.ts';

/**
 * The slices that targets mean, as last compared with the lake; a slice that is no longer wanted is none of them. Sources
 * and bronze have no built slices. Undefined: one of them is not known yet.
 */
export function slicesAt(o: Observation, targets: readonly string[]): readonly SliceView[] | undefined {
  if (o.views === undefined) return undefined;
  const found: SliceView[] = [];
  for (const target of targets) {
    const parsed = parseTarget(target);
    const only = parsed?.kind === 'slice' ? parsed.slice : undefined;
    for (const place of placesOf(o.pipeline, target)) {
      if (place.startsWith('source:') || place.startsWith('bronze.')) continue;
      const view = o.views.get(place as DatasetName);
      if (view === undefined) return undefined;
      const slices =
        only === undefined ? view.slices : view.slices.filter(({ wanted }) => wanted.slice === only);
      found.push(...slices);
    }
  }
  return found;
}
