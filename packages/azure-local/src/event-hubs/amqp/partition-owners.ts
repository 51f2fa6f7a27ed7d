/**
 * Who reads a partition in a consumer group. A receiver with an epoch (owner level) is alone: a new one with a higher or
 * equal epoch takes over, a lower one or one without is refused. Without epochs at most five read side by side.
 * (MS Learn: "Event Hubs event processor host: epoch"; quotas: 5 non-epoch receivers a consumer group.)
 */
import type { Hub } from '../hub.ts';
import { higherEpochExists, receiverStolen, tooManyReceivers } from './conditions.ts';
import type { AmqpError } from './rhea.ts';

export type Ownable = {
  readonly name: string;
  readonly epoch: bigint | undefined;
  /** Ends the receiver, telling its client why. */
  evict(error: AmqpError): void;
};

const RECEIVERS_MAX = 5;

export class PartitionOwners {
  readonly #receivers = new WeakMap<Hub, Map<string, Set<Ownable>>>();

  /** Undefined: the receiver may read. Those it takes over from are evicted. */
  claim(hub: Hub, group: string, partition: number, receiver: Ownable): AmqpError | undefined {
    const current = this.#at(hub, group, partition);
    const highest = [...current].reduce<bigint | undefined>(
      (max, { epoch }) => (epoch !== undefined && (max === undefined || epoch > max) ? epoch : max),
      undefined,
    );
    const { epoch } = receiver;
    if (highest !== undefined && (epoch === undefined || epoch < highest))
      return higherEpochExists(receiver.name, epoch, highest);
    if (epoch === undefined && current.size >= RECEIVERS_MAX)
      return tooManyReceivers(RECEIVERS_MAX, partition);
    if (epoch !== undefined) {
      const losers = [...current];
      current.clear();
      for (const loser of losers)
        loser.evict(
          receiverStolen({ name: loser.name, epoch: loser.epoch, newName: receiver.name, newEpoch: epoch }),
        );
    }
    current.add(receiver);
    return undefined;
  }

  release(hub: Hub, group: string, partition: number, receiver: Ownable): void {
    this.#at(hub, group, partition).delete(receiver);
  }

  #at(hub: Hub, group: string, partition: number): Set<Ownable> {
    const byPlace = this.#receivers.get(hub) ?? new Map<string, Set<Ownable>>();
    this.#receivers.set(hub, byPlace);
    const place = `${group.toLowerCase()}/${partition}`;
    const receivers = byPlace.get(place) ?? new Set();
    byPlace.set(place, receivers);
    return receivers;
  }
}
