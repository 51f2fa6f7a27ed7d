import type { Clock, EmitFact, Random } from '@lakewarden/core';
import { classAmqpError } from '../amqp-errors.ts';
import { classRestError } from '../rest-errors.ts';
import { classSqliteError } from '../sqlite-errors.ts';
import type { DependencyName } from './dependency.ts';
import { createGuard, type GuardOptions } from './dependency-guard.ts';
import type { Guard } from './guard.ts';

/** All guards of one agent: one a dependency. */
export interface Guards {
  readonly all: readonly Guard[];
  readonly storage: Guard;
  readonly eventHubs: Guard;
  readonly dataFactory: Guard;
  readonly engine: Guard;
  readonly ledger: Guard;
  readonly monitor: Guard;
  /** Undefined when there is no dependency of this name. */
  find(dependency: string): Guard | undefined;
  close(): Promise<void>;
}

export interface GuardsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EmitFact;
}

type Settings = Pick<GuardOptions, 'classify' | 'timeoutMs' | 'concurrencyMax' | 'waitingMax'>;

/** `timeoutMs` is of one attempt; transfers of files and hub descriptions bring their own. */
const SETTINGS: Readonly<Record<DependencyName, Settings>> = {
  storage: { classify: classRestError, timeoutMs: 30_000, concurrencyMax: 32, waitingMax: 4_096 },
  'event-hubs': { classify: classAmqpError, timeoutMs: 8_000, concurrencyMax: 16, waitingMax: 1_024 },
  'data-factory': { classify: classRestError, timeoutMs: 30_000, concurrencyMax: 8, waitingMax: 256 },
  // Two jobs share the instance's memory; the limit is for one that will never end, not for one that is large.
  engine: { classify: (error) => error, timeoutMs: 30 * 60_000, concurrencyMax: 2, waitingMax: 256 },
  ledger: { classify: classSqliteError, timeoutMs: 5_000, concurrencyMax: 4, waitingMax: 256 },
  monitor: { classify: classRestError, timeoutMs: 60_000, concurrencyMax: 4, waitingMax: 64 },
};

export function createGuards(options: GuardsOptions): Guards {
  const make = (dependency: DependencyName) =>
    createGuard({ ...options, ...SETTINGS[dependency], dependency });
  const named = {
    storage: make('storage'),
    eventHubs: make('event-hubs'),
    dataFactory: make('data-factory'),
    engine: make('engine'),
    ledger: make('ledger'),
    monitor: make('monitor'),
  };
  const all = Object.values(named);
  return {
    ...named,
    all,
    find: (dependency) => all.find((guard) => guard.dependency === dependency),
    async close() {
      await Promise.all(all.map((guard) => guard.close()));
    },
  };
}
