/** READ of hub and partition on `$management` (event-hubs managementClient.ts). */
import type { Hub } from '../hub.ts';
import type { Broker } from './broker.ts';
import type { RequestAnswer } from './cbs.ts';
import type { Claims } from './claims.ts';
import { entityNotFound, partitionOutOfRange, unauthorized } from './conditions.ts';
import { amqpTypes, type DecodedMessage, STR32 } from './rhea.ts';

/** .NET's DateTime.MinValue, which the service gives for "never". */
const NEVER_MS = -62_135_596_800_000;

export function readManagement(
  broker: Broker,
  namespace: string,
  claims: Claims,
  request: DecodedMessage,
): RequestAnswer {
  const { operation, type, name, partition } = request.application_properties ?? {};
  if (operation !== 'READ')
    return { status: 400, description: `The operation '${operation}' is not supported.` };
  const hubName = String(name ?? '');
  if (!claims.allows(`${hubName}/$management`)) {
    const { condition, description } = unauthorized('Listen', `${namespace}/${hubName}`);
    return { status: 401, condition, description };
  }
  const hub = broker.hubs.find(namespace, hubName);
  if (hub === undefined) {
    const { condition, description } = entityNotFound(`${namespace}/${hubName}`);
    return { status: 404, condition, description };
  }
  switch (type) {
    case 'com.microsoft:eventhub':
      return { status: 200, description: 'OK', body: describeHub(hub) };
    case 'com.microsoft:partition':
      return describePartition(hub, String(partition ?? ''));
    default:
      return { status: 400, description: `The entity type '${type}' is not supported.` };
  }
}

function describeHub({ name, record, partitions }: Hub): unknown {
  return amqpTypes.wrap_map({
    name,
    type: 'com.microsoft:eventhub',
    created_at: amqpTypes.wrap_timestamp(record.createdAtMs),
    partition_count: amqpTypes.wrap_int(partitions.length),
    partition_ids: amqpTypes.wrap_array(
      partitions.map((_, partition) => String(partition)),
      STR32,
    ),
    georeplication_factor: amqpTypes.wrap_int(1),
  });
}

function describePartition(hub: Hub, partition: string): RequestAnswer {
  const log = /^\d+$/.test(partition) ? hub.partitions[Number(partition)] : undefined;
  if (log === undefined) {
    const { condition, description } = partitionOutOfRange(hub.partitions.length);
    return { status: 400, condition, description };
  }
  const state = log.state();
  const body = amqpTypes.wrap_map({
    name: hub.name,
    type: 'com.microsoft:partition',
    partition,
    begin_sequence_number: amqpLong(state.firstSequence),
    last_enqueued_sequence_number: amqpLong(state.lastSequence),
    last_enqueued_offset: state.lastOffset.toString(),
    last_enqueued_time_utc: amqpTypes.wrap_timestamp(state.lastEnqueuedMs ?? NEVER_MS),
    is_partition_empty: state.isEmpty,
  });
  return { status: 200, description: 'OK', body };
}

/** All 64 bits, in the wide encoding. */
export function amqpLong(value: bigint): unknown {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return amqpTypes.wrap_long(bytes);
}
