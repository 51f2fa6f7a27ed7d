import type { Incident, Signal, SignalKind } from '@lakewarden/contracts';
import { accounting } from './detect/accounting.ts';
import { alert } from './detect/alert.ts';
import { breakerOpen } from './detect/breaker-open.ts';
import { failedSlice } from './detect/failed-slice.ts';
import { freshness } from './detect/freshness.ts';
import { gap } from './detect/gap.ts';
import { ingressMismatch, logRule } from './detect/monitor.ts';
import { lag, stalledPartition } from './detect/partitions.ts';
import { quarantineRate } from './detect/quarantine-rate.ts';
import { batchFailed, stuckRun, zeroRows } from './detect/windows.ts';
import { DETECTION_LIMITS, type DetectionLimits, type Detector } from './detector.ts';
import type { Observation } from './observation.ts';

/** One for every kind of signal; a new kind does not compile until it has one. */
export const DETECTORS: Readonly<Record<SignalKind, Detector>> = {
  freshness,
  lag,
  'stalled-partition': stalledPartition,
  'failed-slice': failedSlice,
  'zero-rows': zeroRows,
  'batch-failed': batchFailed,
  'stuck-run': stuckRun,
  'breaker-open': breakerOpen,
  accounting,
  'quarantine-rate': quarantineRate,
  gap,
  'ingress-mismatch': ingressMismatch,
  'log-rule': logRule,
  alert,
};

/** Every cause at most once, worst first. */
export function detect(o: Observation, limits: DetectionLimits = DETECTION_LIMITS): readonly Signal[] {
  return Object.values(DETECTORS).flatMap((detector) => detector.detect(o, limits));
}

/** Is there evidence that the cause is gone? False while it is there, and while nothing is known. */
export function isGone(o: Observation, signals: readonly Signal[], incident: Incident): boolean {
  return (
    !signals.some(({ cause }) => cause === incident.cause) && DETECTORS[incident.kind].isGone(o, incident)
  );
}
