import type { AgentEvent } from '@lakewarden/contracts';
import type { Observation } from '@lakewarden/core';
import { backfillsHealth } from '../queries/backfills.ts';
import { datasetsHealth } from '../queries/dataset-health.ts';
import { sourcesLag } from '../queries/source-lag.ts';

type Thing = Exclude<AgentEvent, { type: 'reset' | 'fact' | 'run' }>;

/**
 * Tells who listens what has become another since the last time: each thing whole, as it is now. Ages that grow by
 * themselves are no news.
 */
export function createPublisher(publish: (event: AgentEvent) => void): (seen: Observation) => void {
  const told = new Map<string, string>();
  return (seen) => {
    for (const { key, event, news } of thingsOf(seen)) {
      if (told.get(key) === news) continue;
      told.set(key, news);
      publish(event);
    }
    if (told.size > TOLD_MAX) told.clear();
  };
}

/** Beyond it everything is told once more, which costs listeners a little time. */
const TOLD_MAX = 50_000;

interface Told {
  readonly key: string;
  readonly event: Thing;
  /** Equal text: nothing that people would see has changed. */
  readonly news: string;
}

function* thingsOf(seen: Observation): Generator<Told> {
  for (const dataset of datasetsHealth(seen)) {
    const { behindMs: _, ...news } = dataset;
    yield { key: `dataset/${dataset.name}`, event: { type: 'dataset', dataset }, news: JSON.stringify(news) };
  }
  for (const source of sourcesLag(seen)) {
    const { observedAt: _o, nextAt: _n, seconds: _s, partitions, ...rest } = source;
    const news = JSON.stringify([
      rest,
      partitions.map(({ events, state, checkpoint }) => [events, state, checkpoint]),
    ]);
    yield { key: `source/${source.source}`, event: { type: 'source', source }, news };
  }
  for (const backfill of backfillsHealth(seen)) {
    const { remainingMs: _, ...news } = backfill;
    yield { key: backfill.id, event: { type: 'backfill', backfill }, news: JSON.stringify(news) };
  }
  for (const incident of seen.control.incidents.values()) {
    yield {
      key: `incident/${incident.id}`,
      event: { type: 'incident', incident },
      news: JSON.stringify(incident),
    };
  }
  for (const { cause: _c, bindings: _b, ...execution } of seen.control.executions.values()) {
    yield {
      key: `execution/${execution.id}`,
      event: { type: 'execution', execution },
      news: JSON.stringify(execution),
    };
  }
  for (const breaker of seen.breakers) {
    const news = JSON.stringify([breaker.state, breaker.since]);
    yield { key: `breaker/${breaker.dependency}`, event: { type: 'breaker', breaker }, news };
  }
}
