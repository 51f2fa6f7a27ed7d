import type { Incident, Signal, SignalKind } from '@lakewarden/contracts';
import type { Observation } from './observation.ts';

/**
 * A detector turns what is known into signals, and nothing else: no clock, no memory, no I/O. What it cannot see it does
 * not judge: neither a signal nor an end of one (DESIGN §4: unknown is not broken, and not well either).
 */
export interface Detector {
  detect(o: Observation, limits: DetectionLimits): readonly Signal[];
  /**
   * Is there evidence that the cause of this incident is gone? Asked only while `detect` gives no signal with its cause;
   * after a restart that is the usual case, and no evidence at all.
   */
  isGone(o: Observation, incident: Incident): boolean;
}

/** When something counts as wrong and no objective of the pipeline file says so. */
export interface DetectionLimits {
  /** Beyond a drain interval: how long a partition may have something to read without progress. */
  readonly stalledMs: number;
  readonly runTimeMs: number;
  /** 0 to 1. */
  readonly quarantineRate: number;
  /** A slice with fewer rows says nothing about a rate. */
  readonly quarantineRowsMin: number;
  /** 0 to 1: of what came in, how much may be missing in bronze. */
  readonly ingressTolerance: number;
}

export const DETECTION_LIMITS: DetectionLimits = {
  stalledMs: 60_000,
  runTimeMs: 30 * 60_000,
  quarantineRate: 0.2,
  quarantineRowsMin: 100,
  ingressTolerance: 0.01,
};

const TARGETS_MAX = 100;
const TEXT_LENGTH_MAX = 300;

/** A signal within its bounds; texts that come from outside are cut. */
export function signalOf(signal: Signal & { readonly kind: SignalKind }): Signal {
  const evidence = Object.entries(signal.evidence).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.slice(0, TEXT_LENGTH_MAX) : value,
  ]);
  return {
    ...signal,
    title: signal.title.slice(0, TEXT_LENGTH_MAX),
    targets: [...new Set(signal.targets)].slice(0, TARGETS_MAX),
    evidence: Object.fromEntries(evidence),
  };
}

/** `4 min`, `2 h`: for titles. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
