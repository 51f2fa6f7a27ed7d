import type { DatasetName } from '@lakewarden/contracts';
import { type Detector, plural, signalOf } from '../detector.ts';
import type { FailedSlice } from '../observation.ts';
import { slicesAt } from '../slices.ts';

/** Slices of a dataset whose last run failed: one signal a dataset, however many slices. */
export const failedSlice: Detector = {
  detect(o) {
    const byDataset = new Map<DatasetName, FailedSlice[]>();
    for (const failure of o.failures) {
      if (failure.attempts < 1) continue;
      const known = byDataset.get(failure.dataset);
      if (known === undefined) byDataset.set(failure.dataset, [failure]);
      else known.push(failure);
    }
    return [...byDataset].map(([dataset, failures]) => {
      const [first] = failures;
      const names = failures.length === 1 ? first?.slice : plural(failures.length, 'slice');
      return signalOf({
        cause: `failed-slice:${dataset}`,
        kind: 'failed-slice',
        severity: 'error',
        title: `${dataset} failed: ${names}: ${first?.reason}`,
        targets: failures.map(({ slice }) => `${dataset}@${slice}`),
        evidence: {
          dataset,
          slices: failures.length,
          reason: first?.reason ?? '',
          attempts: Math.max(...failures.map(({ attempts }) => attempts)),
          sinceMs: Math.min(...failures.map(({ sinceMs }) => sinceMs)),
        },
      });
    });
  },
  /** A slice that is no longer listed as failed has not succeeded by that: only a fresh one has. */
  isGone: (o, { targets }) =>
    slicesAt(o, targets)?.every(
      ({ status }) => status === 'fresh' || status === 'backfill' || status === 'held',
    ) ?? false,
};
