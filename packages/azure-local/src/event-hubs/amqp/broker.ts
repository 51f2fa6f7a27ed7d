import type { EventHubsOptions, FaultOutcome } from '../../server/service.ts';
import type { HubStore } from '../hub-store.ts';
import type { SasPolicy } from '../sas-token.ts';
import type { PartitionOwners } from './partition-owners.ts';

/** What every link of every connection works on. */
export type Broker = {
  readonly hubs: HubStore;
  readonly owners: PartitionOwners;
  readonly sas: SasPolicy;
  readonly verifyToken: EventHubsOptions['verifyToken'];
  readonly faults: EventHubsOptions['faults'];
  readonly now: () => number;
};

/** Where faults can strike; `path` is `<namespace>/<hub>/<partition>` as far as known. */
export type Operation = 'attach' | 'cbs' | 'management' | 'send' | 'receive';

/** Runs `effect` between the faults of this operation; without faults at no cost. */
export function aroundFaults<T>(
  broker: Broker,
  operation: Operation,
  path: string,
  effect: () => Promise<T>,
  signal: AbortSignal,
): Promise<FaultOutcome<T>> {
  const target = { service: 'event-hubs', method: operation.toUpperCase(), path, operation } as const;
  return broker.faults.around(target, effect, signal);
}
