import { type ControlEffect, formatProblem, type QueryResult, TransientError } from '@lakewarden/contracts';
import {
  type Actions,
  type ControlLog,
  type EmitFact,
  type Observation,
  type PerformOutcome,
  type RunbookHost,
  runbookStatus,
  type WatchDeps,
  Watch as Watching,
} from '@lakewarden/core';
import type { Guards } from '../adapters/guard/guards.ts';
import type { AgentConfig } from '../config.ts';
import { readRunbooks, SHIPPED_RUNBOOKS } from './runbook-folder.ts';

export interface WatchOptions {
  readonly config: AgentConfig;
  readonly log: ControlLog;
  readonly guards: Guards;
  readonly emit: EmitFact;
  readonly observe: () => Observation;
  readonly note: (effects: readonly ControlEffect[], by?: Parameters<WatchDeps['note']>[1]) => void;
  /** Made after this, with `runbooks` of this. */
  readonly actions: () => Actions;
  readonly wake: () => void;
  readonly stepSoon: () => void;
}

/** Detectors, incidents and runbooks of the running agent. */
export interface Watch {
  readonly runbooks: RunbookHost;
  step(): void;
  close(): Promise<void>;
  list(): QueryResult<'runbooks'>;
  show(name: string): QueryResult<'runbook'> | undefined;
}

export function createWatch(options: WatchOptions): Watch {
  const { config, emit, guards, log } = options;
  const folder = readRunbooks(config.runbooks ?? SHIPPED_RUNBOOKS);
  const { runbookModes: modes } = config;
  const watching = new Watching({
    observe: options.observe,
    control: () => log.state,
    note: options.note,
    async perform(action, request, as, signal): Promise<PerformOutcome> {
      const outcome = await options.actions().perform(action, request, as, signal);
      if (outcome.kind === 'ok') return { kind: 'performed', result: outcome.result };
      // Not a no: the audit could not be written now, and the same request does it later.
      if (outcome.code === 'unavailable') throw new TransientError('unavailable', outcome.message);
      return { kind: 'refused', reason: `${outcome.message} · ${outcome.remedy}` };
    },
    probe: async (dependency, signal) => (await guards.find(dependency)?.isAnswering(signal)) ?? false,
    wake: options.wake,
    stepSoon: options.stepSoon,
    emit,
    runbooks: () => folder.runbooks,
    modes,
  });
  return {
    runbooks: watching.recovery,
    step: () => watching.step(),
    async close() {
      watching.recovery.close();
      await watching.recovery.settled();
    },
    list: () => ({
      runbooks: [...folder.runbooks.values()].map((runbook) => runbookStatus(runbook, log.state, modes)),
      problems: folder.problems.map(formatProblem),
    }),
    show(name) {
      const runbook = folder.runbooks.get(name);
      if (runbook === undefined) return undefined;
      return {
        status: runbookStatus(runbook, log.state, modes),
        yaml: runbook.yaml,
        readme: folder.readme(name),
      };
    },
  };
}
