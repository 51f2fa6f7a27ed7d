import { API_VERSION, type Overview } from '@lakewarden/contracts';
import type { Observation } from '@lakewarden/core';
import { datasetsHealth, layersHealth, sumCounts } from './dataset-health.ts';
import { iso } from './shape.ts';
import { slicesHealth } from './slice-health.ts';
import { sourcesLag } from './source-lag.ts';

export interface AgentInfo {
  readonly version: string;
  readonly epoch: string;
  readonly ready: boolean;
}

export function overview(seen: Observation, agent: AgentInfo): Overview {
  const layers = layersHealth(seen);
  const lags = sourcesLag(seen);
  const active = activeIncidents(seen);
  const [worst] = active;
  const nextMs = Math.min(...seen.nextLandingMs.values());
  return {
    layers: [...layers],
    counts: sumCounts(layers.map(({ counts }) => counts)),
    breakers: [...seen.breakers],
    incidents: { open: active.length, ...(worst && { worst: worst.state, title: worst.title }) },
    lag: {
      events: lags.reduce((sum, { events }) => sum + events, 0),
      seconds: Math.max(0, ...lags.map(({ seconds }) => seconds)),
    },
    backfills: [...seen.control.backfills.values()].filter(({ ended }) => ended === undefined).length,
    ...(Number.isFinite(nextMs) && { nextDrainAt: iso(nextMs) }),
    next: likelyNext(seen),
    agent: {
      ...agent,
      api: API_VERSION,
      pipeline: seen.pipeline.name,
      startedAt: iso(seen.startedMs),
      ...(seen.viewsAtMs !== undefined && { observedAt: iso(seen.viewsAtMs) }),
    },
  };
}

const SEVERITY = { critical: 0, error: 1, warning: 2, info: 3 } as const;

export function activeIncidents(seen: Observation) {
  return [...seen.control.incidents.values()]
    .filter(({ state }) => state !== 'resolved')
    .sort((a, b) => SEVERITY[a.severity] - SEVERITY[b.severity]);
}

/** What most people would type next; nothing when all is well. */
function likelyNext(seen: Observation): string {
  for (const execution of seen.control.executions.values()) {
    if (execution.state === 'waiting-approval') return `approve ${execution.id}`;
  }
  for (const dataset of datasetsHealth(seen)) {
    if (dataset.state !== 'failed') continue;
    const slice = slicesHealth(seen, dataset.name as never).find(({ state }) => state === 'failed');
    if (slice !== undefined) return `retry ${slice.id}`;
    if (dataset.source !== undefined) return `retry source:${dataset.source}`;
  }
  const open = seen.breakers.find(({ state }) => state === 'open');
  if (open !== undefined) return `breakers`;
  const [incident] = activeIncidents(seen);
  return incident === undefined ? '' : `incident ${incident.id}`;
}
