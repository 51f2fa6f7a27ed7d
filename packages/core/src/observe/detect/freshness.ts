import { type Detector, duration, signalOf } from '../detector.ts';
import { datasetOf, placeOf } from '../lineage.ts';
import { isStopped } from '../stopped.ts';

/** A dataset shows less than its objective promises. It fires even when no run was ever created: only time is looked at. */
export const freshness: Detector = {
  detect(o) {
    return [...o.pipeline.objectives].flatMap(([target, { freshnessMs }]) => {
      const dataset = datasetOf(o.pipeline, target);
      const completeMs = dataset && o.completeToMs.get(dataset);
      if (freshnessMs === undefined || dataset === undefined || completeMs === undefined) return [];
      const behindMs = o.nowMs - completeMs;
      if (behindMs <= freshnessMs || isStopped(o, dataset)) return [];
      return [
        signalOf({
          cause: `freshness:${target}`,
          kind: 'freshness',
          severity: dataset.startsWith('gold.') ? 'error' : 'warning',
          title: `${target} is ${duration(behindMs)} behind, ${duration(freshnessMs)} are allowed`,
          targets: [target],
          evidence: { dataset, behindMs, freshnessMs, sinceMs: completeMs + freshnessMs },
        }),
      ];
    });
  },
  isGone(o, { targets: [target = ''] }) {
    const dataset = datasetOf(o.pipeline, placeOf(target) ?? '');
    return dataset === undefined || o.completeToMs.has(dataset);
  },
};
