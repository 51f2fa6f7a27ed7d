/**
 * Writes transfers straight to the socket, many to a buffer. rhea's own way costs several objects, two copies and a socket
 * write for each event; a consumer reading millions pays for all of them. The bookkeeping of rhea's session (delivery and
 * transfer ids, windows, credit) is kept exactly as if rhea had sent them, so both ways may alternate.
 */
import type { Socket } from 'node:net';
import type { StoredEvent } from '../log/batch-frame.ts';
import type { Sender } from './rhea.ts';

/** Frame header 8, descriptor 3, list8 with size and count 3, handle 5, delivery-id 5, tag 6, format 1, settled 1, more 1. */
const TRANSFER_BYTES = 33;
const CHUNK_BYTES = 256 << 10;
/** Frames of an event that is larger than the client takes in one. AMQP's least is 512. */
const FRAME_BYTES_MIN = 512;

export class TransferWriter {
  readonly #sender: Sender;
  readonly #socket: Socket;
  /** Two, so that one fills while the other is on its way; a buffer is the socket's until its write is done. */
  readonly #chunks: (Buffer | undefined)[] = [undefined, undefined];
  readonly #writes: (Promise<void> | undefined)[] = [undefined, undefined];
  #turn = 0;

  constructor(sender: Sender, socket: Socket) {
    this.#sender = sender;
    this.#socket = socket;
  }

  /** False while rhea has deliveries of its own on this session: ids would get out of order. */
  get isFree(): boolean {
    return this.#sender.session.outgoing.deliveries.size === 0;
  }

  /** Waits until there is room to write in, or the socket is gone. */
  async ready(): Promise<void> {
    await this.#writes[this.#turn];
  }

  /**
   * Sends events from `events[start]` on, settled, as far as credit, the session's window and one chunk reach; returns how
   * many. Call after `ready()`.
   */
  write(events: readonly StoredEvent[], start: number, deliveryAnnotations?: Buffer): number {
    const { session } = this.#sender;
    const { outgoing } = session;
    const framePayloadMax = this.#framePayloadMax();
    let window = outgoing.transfer_window();
    const credit = this.#sender.credit;
    let chunk = this.#chunk(CHUNK_BYTES);
    let at = 0;
    let sent = 0;
    let frames = 0;
    while (sent < credit && start + sent < events.length) {
      const event = events[start + sent] as StoredEvent;
      const bytes = event.wire.length + (deliveryAnnotations?.length ?? 0);
      const parts = Math.max(1, Math.ceil(bytes / framePayloadMax));
      const needed = bytes + parts * TRANSFER_BYTES;
      if (parts > window) break;
      if (at + needed > chunk.length) {
        if (at > 0) break;
        chunk = this.#chunk(needed);
      }
      const payload = withDeliveryAnnotations(event, deliveryAnnotations);
      at = this.#writeEvent(chunk, at, payload, parts, framePayloadMax, outgoing.next_delivery_id + sent);
      window -= parts;
      frames += parts;
      sent += 1;
    }
    if (sent === 0) return 0;
    outgoing.next_delivery_id += sent;
    outgoing.next_pending_delivery += sent;
    outgoing.next_transfer_id += frames;
    outgoing.window -= frames;
    this.#sender.credit -= sent;
    this.#sender.delivery_count += sent;
    this.#flush(chunk.subarray(0, at));
    return sent;
  }

  #framePayloadMax(): number {
    const frameMax = Math.max(FRAME_BYTES_MIN, this.#sender.session.connection.max_frame_size ?? 0xffff_ffff);
    return frameMax - TRANSFER_BYTES;
  }

  #chunk(bytes: number): Buffer {
    const current = this.#chunks[this.#turn];
    if (current !== undefined && current.length >= bytes) return current;
    const chunk = Buffer.allocUnsafeSlow(bytes);
    // One of unusual size is for one use.
    if (bytes <= CHUNK_BYTES) this.#chunks[this.#turn] = chunk;
    return chunk;
  }

  #flush(bytes: Buffer): void {
    const turn = this.#turn;
    // Called on failure too, when the socket is gone.
    this.#writes[turn] = new Promise((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
    this.#turn = 1 - turn;
  }

  #writeEvent(
    chunk: Buffer,
    at: number,
    payload: Buffer,
    parts: number,
    partBytes: number,
    deliveryId: number,
  ): number {
    let next = at;
    for (let part = 0; part < parts; part++) {
      const from = part * partBytes;
      const end = Math.min(from + partBytes, payload.length);
      next = this.#writeTransferHeader(chunk, next, end - from, deliveryId, part + 1 < parts);
      next += payload.copy(chunk, next, from, end);
    }
    return next;
  }

  /** AMQP 1.0 part 2.3.1 (frame layout) and 2.7.5 (transfer). */
  #writeTransferHeader(
    chunk: Buffer,
    at: number,
    payloadBytes: number,
    deliveryId: number,
    more: boolean,
  ): number {
    const id = deliveryId >>> 0;
    chunk.writeUInt32BE(TRANSFER_BYTES + payloadBytes, at);
    chunk[at + 4] = 2;
    chunk[at + 5] = 0;
    chunk.writeUInt16BE(this.#sender.session.local.channel, at + 6);
    chunk[at + 8] = 0x00;
    chunk[at + 9] = 0x53;
    chunk[at + 10] = 0x14;
    chunk[at + 11] = 0xc0;
    chunk[at + 12] = 20;
    chunk[at + 13] = 6;
    chunk[at + 14] = 0x70;
    chunk.writeUInt32BE(this.#sender.local.handle, at + 15);
    chunk[at + 19] = 0x70;
    chunk.writeUInt32BE(id, at + 20);
    chunk[at + 24] = 0xa0;
    chunk[at + 25] = 4;
    chunk.writeUInt32BE(id, at + 26);
    chunk[at + 30] = 0x43;
    chunk[at + 31] = 0x41;
    chunk[at + 32] = more ? 0x41 : 0x42;
    return at + TRANSFER_BYTES;
  }
}

/** They stand between header and message annotations (AMQP 1.0 part 3.2). */
function withDeliveryAnnotations(
  { wire, headerBytes }: StoredEvent,
  annotations: Buffer | undefined,
): Buffer {
  if (annotations === undefined) return wire;
  return Buffer.concat([wire.subarray(0, headerBytes), annotations, wire.subarray(headerBytes)]);
}
