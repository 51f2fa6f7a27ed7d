import type { IncomingEvent } from '../log/stored-event.ts';
import {
  binaryAt,
  MalformedMessage,
  readMap,
  readSections,
  SECTION,
  type Section,
  textAt,
} from './sections.ts';

/** Message format of a batch: every data section of its body is a whole encoded message (Event Hubs AMQP guide). */
export const BATCH_FORMAT = 0x80013700;
const PARTITION_KEY = 'x-opt-partition-key';
/** Given by the service alone; what a sender puts there is not kept. */
const SERVICE_ANNOTATIONS: ReadonlySet<string> = new Set([
  PARTITION_KEY,
  'x-opt-sequence-number',
  'x-opt-offset',
  'x-opt-enqueued-time',
]);

export type IncomingBatch = {
  readonly events: readonly IncomingEvent[];
  readonly partitionKey: string | undefined;
};

/** The events of one transfer, as views into it. Throws `MalformedMessage`. */
export function readTransfer(bytes: Buffer, format: number): IncomingBatch {
  if (format !== BATCH_FORMAT) {
    const event = readEvent(bytes, undefined);
    return { events: [event], partitionKey: event.partitionKey };
  }
  const sections = readSections(bytes);
  const annotations = sections.find((section) => section.code === SECTION.messageAnnotations);
  const partitionKey = annotations === undefined ? undefined : partitionKeyIn(bytes, annotations);
  const events: IncomingEvent[] = [];
  for (const section of sections) {
    if (section.code !== SECTION.data) continue;
    const message = binaryAt(bytes, section.value);
    if (message === undefined) throw new MalformedMessage('a data section of a batch is not binary');
    events.push(readEvent(message, partitionKey));
  }
  if (events.length === 0) throw new MalformedMessage('a batch without events');
  return { events, partitionKey };
}

function partitionKeyIn(bytes: Buffer, annotations: Section): string | undefined {
  const entry = readMap(bytes, annotations.value, annotations.end).find(({ key }) => key === PARTITION_KEY);
  return entry === undefined ? undefined : textAt(bytes, entry.value);
}

const NOTHING: Buffer = Buffer.alloc(0);

function readEvent(bytes: Buffer, batchKey: string | undefined): IncomingEvent {
  let header = NOTHING;
  let annotations = NOTHING;
  let annotationItems = 0;
  let partitionKey = batchKey;
  let restStart = bytes.length;
  let body = false;
  for (const section of readSections(bytes)) {
    if (section.code === SECTION.header) header = bytes.subarray(section.start, section.end);
    else if (section.code === SECTION.messageAnnotations) {
      const own = readMap(bytes, section.value, section.end);
      const kept = own.filter(({ key }) => !SERVICE_ANNOTATIONS.has(key));
      if (kept.length > 0)
        annotations = Buffer.concat(kept.map(({ start, end }) => bytes.subarray(start, end)));
      annotationItems = kept.length * 2;
      const key = own.find((entry) => entry.key === PARTITION_KEY);
      if (partitionKey === undefined && key !== undefined) partitionKey = textAt(bytes, key.value);
    } else if (section.code !== SECTION.deliveryAnnotations) restStart = Math.min(restStart, section.start);
    if (section.code >= SECTION.data && section.code <= SECTION.value) body = true;
  }
  if (!body) throw new MalformedMessage('a message without a body');
  return { header, annotations, annotationItems, partitionKey, rest: bytes.subarray(restStart) };
}
