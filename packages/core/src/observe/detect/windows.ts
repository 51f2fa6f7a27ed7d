import type { Incident, Severity, Signal, SignalKind } from '@lakewarden/contracts';
import { type Detector, duration, signalOf } from '../detector.ts';
import type { Observation, WindowObservation } from '../observation.ts';
import { isStopped } from '../stopped.ts';

/** A window brought nothing although some rows are expected: success without rows is a failure (field.md, 10). */
export const zeroRows: Detector = {
  detect: (o) =>
    windowsThat(o, ({ state, isZeroRows }) => state === 'failed' && isZeroRows === true).map((window) =>
      windowSignal('zero-rows', 'error', `${window.source} brought no rows for ${window.window}`, window),
    ),
  isGone: isLanded,
};

export const batchFailed: Detector = {
  detect: (o) =>
    windowsThat(o, ({ state, isZeroRows }) => state === 'failed' && isZeroRows !== true).map((window) => {
      const title = `window ${window.window} of ${window.source} failed: ${window.reason ?? 'for no known reason'}`;
      return windowSignal('batch-failed', 'error', title, window);
    }),
  isGone: isLanded,
};

/** A Data Factory run of one window that takes longer than its objective. */
export const stuckRun: Detector = {
  detect(o, limits) {
    const allowedMs = (source: string) =>
      o.pipeline.objectives.get(`source:${source}`)?.runTimeMs ?? limits.runTimeMs;
    const isStuck = ({ state, source, sinceMs }: WindowObservation) =>
      state === 'running' && o.nowMs - sinceMs > allowedMs(source);
    return windowsThat(o, isStuck).map((window) => {
      const title = `Data Factory run of ${window.source} is stuck: ${duration(o.nowMs - window.sinceMs)}`;
      return windowSignal('stuck-run', 'error', title, window);
    });
  },
  isGone: isLanded,
};

function windowsThat(
  o: Observation,
  is: (window: WindowObservation) => boolean,
): readonly WindowObservation[] {
  return o.windows.filter((window) => is(window) && !isStopped(o, `source:${window.source}`));
}

function windowSignal(
  kind: SignalKind,
  severity: Severity,
  title: string,
  { source, window, dataset, runId, attempts, reason, sinceMs }: WindowObservation,
): Signal {
  return signalOf({
    cause: `${kind}:${source}/${window}`,
    kind,
    severity,
    title,
    targets: [`source:${source}`],
    evidence: {
      source,
      window,
      dataset,
      attempts,
      sinceMs,
      ...(runId !== undefined && { run: runId }),
      ...(reason !== undefined && { reason }),
    },
  });
}

/** Only a landed window ends it; one that runs again or waits is not known to be well. A later one took its place. */
function isLanded(o: Observation, { cause }: Incident): boolean {
  const [source, window = ''] = cause.slice(cause.indexOf(':') + 1).split('/');
  const seen = o.windows.find((each) => each.source === source);
  return seen !== undefined && (seen.window === window ? seen.state === 'landed' : seen.window > window);
}
