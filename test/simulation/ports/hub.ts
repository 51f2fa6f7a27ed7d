import type { EventChunk } from '@lakewarden/compute';
import { TerminalError } from '@lakewarden/contracts';
import type { EventStream, HubState, ReadOutcome } from '@lakewarden/core';
import type { Chance } from '../world/chance.ts';
import type { SimProcess } from '../world/process.ts';

export interface HubEvent {
  readonly body: string;
  readonly enqueuedMs: number;
}

export interface HubPartition {
  /** From sequence number 0; retention takes nothing away. */
  readonly events: HubEvent[];
  /** The reader with the highest owner level; it owns the partition until it dies. */
  owner: { readonly level: bigint; readonly process: SimProcess } | undefined;
}

export interface Hub {
  readonly name: string;
  readonly generation: string;
  readonly partitions: readonly HubPartition[];
}

export function createHub(name: string, generation: string, partitions: number): Hub {
  return {
    name,
    generation,
    partitions: Array.from({ length: partitions }, () => ({ events: [], owner: undefined })),
  };
}

/** Events of one answer; small, so that a read is many requests that others come between. */
const CHUNK_EVENTS_MAX = 40;

export function eventStreamOf(process: SimProcess, hubs: readonly Hub[], chance: Chance): EventStream {
  const hubOf = (name: string): Hub => {
    const hub = hubs.find((candidate) => candidate.name === name);
    if (hub === undefined) throw new TerminalError('not-found', `there is no hub ${name}`);
    return hub;
  };
  return {
    describe: ({ hub }, signal) =>
      process.call({
        dependency: 'hub',
        op: 'describe',
        path: hub,
        mutates: false,
        effect: () => stateOf(hubOf(hub)),
        signal,
      }),

    async read({ source, partition, after, upTo, ownerLevel }, onChunk, signal): Promise<ReadOutcome> {
      const from = hubOf(source.hub).partitions[partition];
      if (from === undefined) throw new TerminalError('not-found', `${source.hub} has no ${partition}`);
      let next = Number((after ?? -1n) + 1n);
      while (next <= Number(upTo)) {
        const until = Math.min(next + chance.int(1, CHUNK_EVENTS_MAX), Number(upTo) + 1);
        const events = await process.call({
          dependency: 'hub',
          op: 'receive',
          path: `${source.hub}/${partition}/${next}`,
          mutates: false,
          effect: () => receive(from, { level: ownerLevel, process }, next, until),
          signal,
        });
        if (events === undefined) return { kind: 'stolen' };
        await onChunk(chunkOf(partition, next, events));
        next = until;
      }
      return { kind: 'reached' };
    },

    async close() {},
  };
}

function stateOf(hub: Hub): HubState {
  return {
    generation: hub.generation,
    partitions: hub.partitions.map(({ events }, partition) => ({
      partition,
      first: 0n,
      last: events.length === 0 ? undefined : BigInt(events.length - 1),
      lastEnqueuedMs: events.at(-1)?.enqueuedMs,
    })),
  };
}

/** Undefined: somebody with a higher level reads. */
function receive(
  partition: HubPartition,
  reader: NonNullable<HubPartition['owner']>,
  from: number,
  until: number,
): readonly HubEvent[] | undefined {
  const { owner } = partition;
  if (owner !== undefined && !owner.process.isDead && reader.level < owner.level) return undefined;
  partition.owner = reader;
  return partition.events.slice(from, until);
}

const ENCODER = new TextEncoder();

function chunkOf(partition: number, first: number, events: readonly HubEvent[]): EventChunk {
  const bodies = events.map((event) => ENCODER.encode(event.body));
  const ends = new Uint32Array(events.length);
  let end = 0;
  for (const [index, body] of bodies.entries()) {
    end += body.length;
    ends[index] = end;
  }
  return {
    partition,
    count: events.length,
    sequences: BigInt64Array.from(events, (_, index) => BigInt(first + index)),
    enqueuedMs: Float64Array.from(events, (event) => event.enqueuedMs),
    offsets: events.map((_, index) => String(first + index)),
    bodies: Buffer.concat(bodies),
    ends,
  };
}
