/**
 * Where a consumer begins: the selector filter of its attach, as the SDKs write it
 * (`amqp.annotation.x-opt-offset > '-1'`; event-hubs eventPosition.ts).
 */
import { LogReader } from './log/log-reader.ts';
import type { PartitionLog } from './log/partition-log.ts';

export type StartPosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset' | 'sequence'; readonly value: bigint; readonly inclusive: boolean }
  | { readonly kind: 'time'; readonly afterMs: number };

const FILTER = /^\s*amqp\.annotation\.x-opt-([a-z-]+)\s*(>=|>)\s*'?([^']*)'?\s*$/;

/** Undefined: the filter is none that the service knows. An absent one means from the start. */
export function parseStartPosition(filter: string | undefined): StartPosition | undefined {
  if (filter === undefined) return { kind: 'earliest' };
  const [, annotation, operator, text = ''] = FILTER.exec(filter) ?? [];
  const inclusive = operator === '>=';
  switch (annotation) {
    case 'offset':
      if (text === '-1') return { kind: 'earliest' };
      if (text === '@latest') return { kind: 'latest' };
      return /^\d+$/.test(text) ? { kind: 'offset', value: BigInt(text), inclusive } : undefined;
    case 'sequence-number':
      return /^-?\d+$/.test(text) ? { kind: 'sequence', value: BigInt(text), inclusive } : undefined;
    case 'enqueued-time':
    case 'enqueuedtimeutc':
      return /^-?\d+$/.test(text) ? { kind: 'time', afterMs: Number(text) } : undefined;
    default:
      return undefined;
  }
}

export type ResolvedPosition =
  | { readonly kind: 'from'; readonly sequence: bigint }
  | { readonly kind: 'refused'; readonly reason: string };

/** The sequence of the first event to deliver. */
export async function resolvePosition(log: PartitionLog, position: StartPosition): Promise<ResolvedPosition> {
  const from = (sequence: bigint): ResolvedPosition => ({ kind: 'from', sequence });
  switch (position.kind) {
    case 'earliest':
      return from(log.firstSequence);
    case 'latest':
      return from(log.nextSequence);
    case 'sequence': {
      const wanted = position.inclusive ? position.value : position.value + 1n;
      const { nextSequence } = log;
      if (wanted <= nextSequence) return from(wanted < log.firstSequence ? log.firstSequence : wanted);
      const reason = `The supplied sequence number '${position.value}' is invalid. The last sequence number in the system is '${nextSequence - 1n}'`;
      return { kind: 'refused', reason };
    }
    case 'offset': {
      const { lastOffset } = log.state();
      if (position.value > lastOffset) {
        const reason = `The supplied offset '${position.value}' is invalid. The last offset in the system is '${lastOffset}'`;
        return { kind: 'refused', reason };
      }
      return from(await read(log, (reader) => reader.sequenceAtOffset(position.value, position.inclusive)));
    }
    case 'time':
      return from(await read(log, (reader) => reader.sequenceAfterTime(position.afterMs)));
  }
}

async function read(log: PartitionLog, seek: (reader: LogReader) => Promise<bigint>): Promise<bigint> {
  const reader = new LogReader(log, log.firstSequence);
  try {
    return await seek(reader);
  } finally {
    await reader.close();
  }
}
