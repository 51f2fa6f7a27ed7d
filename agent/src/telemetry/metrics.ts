import type { Fact, Observation } from '@lakewarden/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { datasetsHealth } from '../queries/dataset-health.ts';
import { sourcesLag } from '../queries/source-lag.ts';
import { levelOf } from './report.ts';

/** Numbers for Prometheus: counters from the same facts as the log, gauges from what is known when somebody asks. */
export interface Metrics {
  readonly record: (fact: Fact) => void;
  /** Text exposition format. */
  readonly scrape: () => Promise<string>;
}

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export function createMetrics(observe: () => Observation): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const facts = new Counter({
    name: 'lakewarden_facts_total',
    help: 'What happened, by fact.',
    labelNames: ['fact', 'level'],
    registers,
  });
  const events = new Counter({
    name: 'lakewarden_events_landed_total',
    help: 'Events that a drain brought to bronze.',
    labelNames: ['hub'],
    registers,
  });
  const rows = new Counter({
    name: 'lakewarden_rows_committed_total',
    help: 'Rows of committed slices.',
    labelNames: ['dataset'],
    registers,
  });
  const runs = new Histogram({
    name: 'lakewarden_run_seconds',
    help: 'From the first byte read to the last commit of a run.',
    labelNames: ['dataset'],
    buckets: SECONDS,
    registers,
  });
  defineGauges(registry, observe);
  return {
    record(fact) {
      facts.inc({ fact: fact.type, level: levelOf(fact) });
      if (fact.type === 'DrainFinished') events.inc({ hub: fact.hub }, fact.events);
      if (fact.type === 'RunCommitted') {
        rows.inc({ dataset: fact.dataset }, fact.rows);
        runs.observe({ dataset: fact.dataset }, (fact.engineMs + fact.storeMs + fact.commitMs) / 1000);
      }
    },
    scrape: () => registry.metrics(),
  };
}

function defineGauges(registry: Registry, observe: () => Observation): void {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) =>
    new Gauge({
      name: `lakewarden_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        collect(this);
      },
    });
  gauge('lag_events', 'Events that are in a hub and not in bronze.', ['source', 'partition'], (own) => {
    for (const { source, partitions } of sourcesLag(observe())) {
      for (const { partition, events } of partitions)
        own.set({ source, partition: String(partition) }, events);
    }
  });
  gauge('lag_seconds', 'How long the oldest of them waits, at most.', ['source', 'partition'], (own) => {
    for (const { source, partitions } of sourcesLag(observe())) {
      for (const { partition, seconds } of partitions)
        own.set({ source, partition: String(partition) }, seconds);
    }
  });
  gauge('slices', 'Slices by state.', ['dataset', 'state'], (own) => {
    for (const { name, counts } of datasetsHealth(observe())) {
      for (const [state, count] of Object.entries(counts)) own.set({ dataset: name, state }, count);
    }
  });
  gauge('behind_seconds', 'How old what a dataset shows is.', ['dataset'], (own) => {
    for (const { name, behindMs } of datasetsHealth(observe())) {
      if (behindMs !== undefined) own.set({ dataset: name }, behindMs / 1000);
    }
  });
  gauge('breaker_open', '1 while calls to a dependency are parked.', ['dependency'], (own) => {
    for (const { dependency, state } of observe().breakers)
      own.set({ dependency }, state === 'closed' ? 0 : 1);
  });
  gauge('incidents', 'Incidents that are not resolved, by state.', ['state'], (own) => {
    for (const { state } of observe().control.incidents.values())
      if (state !== 'resolved') own.inc({ state });
  });
  gauge('resident_memory_bytes', 'Resident memory of the agent.', [], (own) =>
    own.set(process.memoryUsage.rss()),
  );
  gauge('cpu_seconds', 'Processor time of the agent since its start.', [], (own) => {
    const { user, system } = process.cpuUsage();
    own.set((user + system) / 1_000_000);
  });
}
