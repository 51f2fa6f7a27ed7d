import type { LogRule, Pipeline } from '@lakewarden/compute';
import {
  type Clock,
  type EmitFact,
  type LogQueries,
  type LogTable,
  type MetricQueries,
  type RuleObservation,
  reasonOf,
} from '@lakewarden/core';
import { filesOfSlice } from '@lakewarden/delta';
import type { AgentConfig } from '../config.ts';
import type { Parts } from '../parts.ts';
import { rowsOfFile } from '../queries/shape.ts';
import { sourceLag } from '../queries/source-lag.ts';
import type { Board } from './board.ts';

export interface MonitorLoopOptions {
  readonly logs: LogQueries;
  readonly metrics: MetricQueries;
  /** Of rules that name none. */
  readonly workspaceId: string;
  /** Namespace → its Azure resource id. */
  readonly namespaceId: (namespace: string) => string;
  readonly pipeline: Pipeline;
  readonly board: Board;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly emit: EmitFact;
}

const MINUTE_MS = 60_000;

/** Undefined: the configuration names no workspace, and nothing is asked. */
export function createMonitorLoop(options: {
  readonly config: AgentConfig;
  readonly pipeline: Pipeline;
  readonly parts: Parts;
  readonly board: Board;
}): MonitorLoop | undefined {
  const { board, config, parts, pipeline } = options;
  const { dataFactory, monitor } = config;
  if (monitor === undefined || parts.monitor === undefined) return undefined;
  const group = `/subscriptions/${dataFactory.subscriptionId}/resourceGroups/${dataFactory.resourceGroup}`;
  return new MonitorLoop({
    ...parts.monitor,
    workspaceId: monitor.workspaceId,
    everyMs: monitor.everyMs,
    namespaceId: (namespace) => `${group}/providers/Microsoft.EventHub/namespaces/${namespace}`,
    pipeline,
    board,
    clock: parts.deps.clock,
    emit: parts.deps.emit,
  });
}

/** Asks Azure Monitor what it saw: the log rules of the pipeline file, and how many events each namespace took in. */
export class MonitorLoop {
  readonly #options: MonitorLoopOptions;
  readonly #nextMs = new Map<string, number>();

  constructor(options: MonitorLoopOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs, pipeline } = this.#options;
    while (!signal.aborted) {
      for (const rule of pipeline.logRules) if (this.#isDue(rule)) await this.#ask(rule, signal);
      await this.#compareIngress(signal);
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }

  #isDue({ name, everyMs }: LogRule): boolean {
    const { clock } = this.#options;
    if (clock.now() < (this.#nextMs.get(name) ?? 0)) return false;
    this.#nextMs.set(name, clock.now() + everyMs);
    return true;
  }

  async #ask(rule: LogRule, signal: AbortSignal): Promise<void> {
    const { board, clock, emit, logs, workspaceId } = this.#options;
    const untilMs = clock.now();
    const seen = { rule: rule.name, atMs: untilMs };
    try {
      const workspace = rule.workspace ?? workspaceId;
      const table = await logs.query(workspace, rule.query, untilMs - rule.windowMs, untilMs, signal);
      board.putRule({ ...seen, ...judge(rule, table) });
    } catch (error) {
      // Not answered is unknown, and unknown is not broken.
      if (signal.aborted) return;
      const reason = reasonOf(error);
      emit({ type: 'MonitorFailed', what: `rule ${rule.name}`, reason });
      board.putRule({ ...seen, fired: false, value: 0, error: reason });
    }
  }

  /** By enqueued day, as bronze is sliced: what came in since midnight, beside what is in bronze or still in the hub. */
  async #compareIngress(signal: AbortSignal): Promise<void> {
    const { board, clock, emit, metrics, namespaceId, pipeline } = this.#options;
    const untilMs = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
    const day = new Date(untilMs).toISOString().slice(0, 10);
    const sinceMs = Date.parse(`${day}T00:00:00Z`);
    if (untilMs <= sinceMs) return;
    const answers = new Map<string, ReadonlyMap<string, number>>();
    for (const step of pipeline.datasets) {
      if (step.layer !== 'bronze' || step.source.kind !== 'event-hub') continue;
      const { namespace, hub, name: source } = step.source;
      try {
        const counts =
          answers.get(namespace) ??
          (await metrics.incomingMessages(namespaceId(namespace), sinceMs, untilMs, signal));
        answers.set(namespace, counts);
        const seen = board.observe();
        const looked = seen.hubs.find((each) => each.source === source);
        // Looked at before the window's end: what came in since is neither landed nor unread to us.
        if (looked?.atMs === undefined || looked.atMs < untilMs) continue;
        const snapshot = seen.bronze.get(step.name);
        const files = snapshot === undefined ? [] : filesOfSlice(snapshot, day);
        const landed = files.reduce((sum, file) => sum + rowsOfFile(file), 0) + sourceLag(seen, step).events;
        board.putIngress({ source, sinceMs, untilMs, incoming: counts.get(hub) ?? 0, landed });
      } catch (error) {
        if (signal.aborted) return;
        // The next round asks again.
        emit({ type: 'MonitorFailed', what: `IncomingMessages of ${namespace}`, reason: reasonOf(error) });
        return;
      }
    }
  }
}

function judge(rule: LogRule, { columns, rows }: LogTable): Pick<RuleObservation, 'fired' | 'value'> {
  // One number in one row is the number that is meant; else it is how many rows there are.
  const single = rows.length === 1 && columns.length === 1 ? rows[0]?.[0] : undefined;
  const value = typeof single === 'number' ? single : rows.length;
  return { fired: value > rule.above, value };
}
