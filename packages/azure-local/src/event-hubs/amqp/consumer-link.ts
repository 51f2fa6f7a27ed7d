/** Sends a partition's events to one receiver, as fast as its credit and its socket allow. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Hub } from '../hub.ts';
import type { StoredEvent } from '../log/batch-frame.ts';
import { LogReader } from '../log/log-reader.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import { resolvePosition, type StartPosition } from '../start-position.ts';
import { aroundFaults } from './broker.ts';
import { argumentError, entityNotFound, injectedError, internalError } from './conditions.ts';
import type { Ownable } from './partition-owners.ts';
import type { LinkHost } from './producer-link.ts';
import type { AmqpError, Sender } from './rhea.ts';

/** Bytes that may wait in the socket before reading pauses. */
const SOCKET_BYTES_MAX = 1 << 20;

export type ConsumerOptions = LinkHost & {
  readonly sender: Sender;
  readonly socket: Socket;
  readonly hub: Hub;
  readonly group: string;
  readonly partition: number;
  readonly position: StartPosition;
  readonly epoch: bigint | undefined;
  readonly receiverName: string;
};

export class ConsumerLink implements Ownable {
  readonly name: string;
  readonly epoch: bigint | undefined;
  readonly #options: ConsumerOptions;
  readonly #log: PartitionLog;
  #reader: LogReader | undefined;
  #page: readonly StoredEvent[] = [];
  #sent = 0;
  #ended = false;
  #pumping = false;
  readonly #cleanUp: (() => void)[] = [];

  constructor(options: ConsumerOptions, log: PartitionLog) {
    this.#options = options;
    this.name = options.receiverName;
    this.epoch = options.epoch;
    this.#log = log;
    const { sender, hub, group, partition, broker, signal } = options;
    // Pre-settled: no disposition for each event. Set before the attach leaves, at the end of this turn.
    sender.local.attach.snd_settle_mode = 1;
    sender.on('sender_flow', () => this.#wake());
    const ended = () => this.release();
    sender.on('sender_close', ended);
    signal.addEventListener('abort', ended, { once: true });
    this.#cleanUp.push(
      () => signal.removeEventListener('abort', ended),
      () => broker.owners.release(hub, group, partition, this),
      hub.onDeleted(() => this.evict(entityNotFound(hub.name))),
      log.onAppend(() => this.#wake()),
    );
  }

  /** Finds the first event; refuses the link when the position lies beyond the log. */
  async start(): Promise<void> {
    const resolved = await resolvePosition(this.#log, this.#options.position);
    if (this.#ended) return;
    if (resolved.kind === 'refused') return this.evict(argumentError(resolved.reason));
    this.#reader = new LogReader(this.#log, resolved.sequence);
    this.#wake();
  }

  evict(error: AmqpError): void {
    if (this.#ended) return;
    this.release();
    this.#options.sender.close(error);
  }

  /** Stops sending; the link itself stays as it is. */
  release(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const clean of this.#cleanUp) clean();
    if (!this.#pumping) void this.#reader?.close();
  }

  #wake(): void {
    if (this.#pumping || this.#ended || this.#reader === undefined || this.#options.sender.credit <= 0)
      return;
    this.#pumping = true;
    this.#pump(this.#reader)
      .catch(() => this.evict(internalError()))
      .finally(() => {
        this.#pumping = false;
        if (this.#ended) return this.#reader?.close();
        // Credit or events that came while the pump was about to stop.
        if (!this.#isStarved()) this.#wake();
      });
  }

  #isStarved(): boolean {
    return (
      this.#options.sender.credit <= 0 || (this.#sent >= this.#page.length && this.#reader?.isAtEnd !== false)
    );
  }

  async #pump(reader: LogReader): Promise<void> {
    const { broker, sender, socket } = this.#options;
    while (!this.#ended && !this.#isStarved()) {
      if (this.#sent >= this.#page.length) {
        this.#page = await reader.readPage();
        this.#sent = 0;
        continue;
      }
      if (socket.writableLength > SOCKET_BYTES_MAX)
        await once(socket, 'drain', { signal: this.#options.signal });
      if (broker.faults.idle('event-hubs')) this.#sendSome();
      else await this.#sendAmongFaults();
      // rhea counts credit and window down when it writes, in the next tick: only then may more be sent.
      await new Promise((resolve) => setImmediate(resolve));
      if (!sender.is_open()) return;
    }
  }

  #sendSome(): void {
    const { sender } = this.#options;
    const count = Math.min(
      sender.credit,
      sender.session.outgoing.available(),
      this.#page.length - this.#sent,
    );
    for (let index = 0; index < count; index++) {
      const event = this.#page[this.#sent + index] as StoredEvent;
      sender.send(event.wire, undefined, 0);
    }
    this.#sent += count;
  }

  async #sendAmongFaults(): Promise<void> {
    const { broker, hub, partition, signal, drop } = this.#options;
    const path = `${hub.namespace}/${hub.name}/${partition}`;
    const outcome = await aroundFaults(broker, 'receive', path, async () => this.#sendSome(), signal);
    if (outcome.kind === 'drop') {
      // What was sent is to arrive first: that is what "after the effect" means.
      await new Promise((resolve) => setImmediate(resolve));
      drop();
    } else if (outcome.kind === 'error') this.evict(injectedError(outcome.status, outcome.code));
  }
}
