/**
 * Where a partition stands, told with each event to receivers that ask for it (`trackLastEnqueuedEventProperties`):
 * delivery annotations as event-hubs eventData.ts reads them.
 */
import type { PartitionLogState } from '../log/partition-log.ts';

export const RUNTIME_METRIC_CAPABILITY = 'com.microsoft:enable-receiver-runtime-metric';

/** The encoded delivery-annotations section. */
export function encodeRuntimeMetric(state: PartitionLogState, nowMs: number): Buffer {
  const items = [
    symbol('last_enqueued_sequence_number'),
    eightBytes(0x81, state.lastSequence),
    symbol('last_enqueued_offset'),
    text(state.lastOffset.toString()),
    symbol('last_enqueued_time_utc'),
    eightBytes(0x83, BigInt(state.lastEnqueuedMs ?? nowMs)),
    symbol('runtime_info_retrieval_time_utc'),
    eightBytes(0x83, BigInt(nowMs)),
  ];
  const content = Buffer.concat(items);
  const head = Buffer.from([0x00, 0x53, 0x71, 0xd1, 0, 0, 0, 0, 0, 0, 0, items.length]);
  head.writeUInt32BE(content.length + 4, 4);
  return Buffer.concat([head, content]);
}

/** True when the attach asks for it; AMQP allows one symbol or an array of them. */
export function wantsRuntimeMetric(desired: unknown): boolean {
  const capabilities = Array.isArray(desired) ? desired : [desired];
  return capabilities.some((capability) => String(capability) === RUNTIME_METRIC_CAPABILITY);
}

function symbol(value: string): Buffer {
  return Buffer.concat([Buffer.of(0xa3, value.length), Buffer.from(value, 'latin1')]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(0xa1, value.length), Buffer.from(value, 'latin1')]);
}

/** `long` (0x81) or `timestamp` (0x83). */
function eightBytes(code: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = code;
  bytes.writeBigInt64BE(value, 1);
  return bytes;
}
