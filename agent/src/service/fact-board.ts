import type { Pipeline } from '@lakewarden/compute';
import { type EmitFact, hubName } from '@lakewarden/core';
import type { Board } from './board.ts';

/** Puts on the board what only the facts tell: the run of a window, gaps, and that something is being built. */
export function factsOnto(board: Board, pipeline: Pipeline, now: () => number): EmitFact {
  const hubs = new Map<string, string>();
  for (const source of pipeline.sources) {
    if (source.kind === 'event-hub') hubs.set(hubName(source), source.name);
  }
  return (fact) => {
    switch (fact.type) {
      case 'WindowStarted': {
        const before = board.window(fact.source);
        if (before === undefined) return;
        const { source, window, attempt: attempts, runId } = fact;
        return board.putWindow({
          source,
          dataset: before.dataset,
          window,
          state: 'running',
          sinceMs: now(),
          attempts,
          runId,
        });
      }
      case 'GapFound': {
        const { partition, first, last } = fact;
        return board.putGap({ source: hubs.get(fact.hub) ?? fact.hub, partition, first, last, atMs: now() });
      }
      case 'RunStarted':
      case 'RunCommitted':
      case 'RunFailed':
      case 'RunCancelled':
      case 'BreakerOpened':
      case 'BreakerClosed':
        return board.changed();
      default:
    }
  };
}
