/** Sends a partition's events to one receiver, as fast as its credit and its socket allow. */
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
import { type AmqpError, onLinkEnd, type Sender, WINDOW_MOVED } from './rhea.ts';
import { encodeRuntimeMetric } from './runtime-metric.ts';
import { TransferWriter } from './transfer-writer.ts';

export type ConsumerOptions = LinkHost & {
  readonly sender: Sender;
  readonly socket: Socket;
  readonly hub: Hub;
  readonly group: string;
  readonly partition: number;
  readonly position: StartPosition;
  readonly epoch: bigint | undefined;
  readonly receiverName: string;
  /** With each event, tell where the partition stands. */
  readonly tellsMetric: boolean;
};

export class ConsumerLink implements Ownable {
  readonly name: string;
  readonly epoch: bigint | undefined;
  readonly #options: ConsumerOptions;
  readonly #log: PartitionLog;
  readonly #writer: TransferWriter;
  #reader: LogReader | undefined;
  #page: readonly StoredEvent[] = [];
  #sent = 0;
  #ended = false;
  #pumping = false;
  /** The next event has more frames than the window has room for. */
  #blocked = false;
  readonly #cleanUp: (() => void)[] = [];

  constructor(options: ConsumerOptions, log: PartitionLog) {
    this.#options = options;
    this.name = options.receiverName;
    this.epoch = options.epoch;
    this.#log = log;
    this.#writer = new TransferWriter(options.sender, options.socket);
    const { sender, hub, group, partition, broker, signal } = options;
    // Pre-settled: no disposition for each event. Set before the attach leaves, at the end of this turn.
    sender.local.attach.snd_settle_mode = 1;
    const onWindow = () => {
      this.#blocked = false;
      this.#wake();
      if (!this.#pumping) this.#answerDrain();
    };
    sender.session.on(WINDOW_MOVED, onWindow);
    const ended = () => this.release();
    onLinkEnd(sender, ended);
    signal.addEventListener('abort', ended, { once: true });
    this.#cleanUp.push(
      () => sender.session.off(WINDOW_MOVED, onWindow),
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
    if (this.#pumping || this.#ended || this.#reader === undefined || this.#isStarved()) return;
    this.#pumping = true;
    this.#pump(this.#reader)
      .catch(() => this.evict(internalError()))
      .finally(() => {
        this.#pumping = false;
        if (this.#ended) return this.#reader?.close();
        // Credit or events that came while the pump was about to stop.
        this.#wake();
        if (!this.#pumping) this.#answerDrain();
      });
  }

  /** Nothing to send, or not allowed to: credit, window and new events each wake the pump. */
  #isStarved(): boolean {
    const { sender, socket } = this.#options;
    if (this.#blocked || socket.destroyed || !sender.is_open()) return true;
    return sender.credit <= 0 || sender.session.outgoing.transfer_window() <= 0 || this.#hasSentAll();
  }

  #hasSentAll(): boolean {
    return this.#sent >= this.#page.length && this.#reader?.isAtEnd !== false;
  }

  /** The client wants its credit back once there is nothing more (AMQP 1.0 part 2.6.7, drain). */
  #answerDrain(): void {
    const { sender } = this.#options;
    if (!sender._draining || sender.credit <= 0 || !this.#hasSentAll()) return;
    sender.set_drained(true);
    sender.session.connection._register();
  }

  async #pump(reader: LogReader): Promise<void> {
    const { broker } = this.#options;
    while (!this.#ended && !this.#isStarved()) {
      if (this.#sent >= this.#page.length) {
        this.#page = await reader.readPage();
        this.#sent = 0;
        continue;
      }
      await this.#writer.ready();
      if (this.#isStarved()) return;
      if (broker.faults.idle('event-hubs')) await this.#sendSome();
      else await this.#sendAmongFaults();
    }
  }

  async #sendSome(): Promise<void> {
    if (this.#ended) return;
    if (!this.#writer.isFree) return this.#sendByRhea();
    const { broker, tellsMetric } = this.#options;
    const metric = tellsMetric ? encodeRuntimeMetric(this.#log.state(), broker.now()) : undefined;
    const count = this.#writer.write(this.#page, this.#sent, metric);
    this.#sent += count;
    this.#blocked = count === 0;
  }

  /** rhea counts credit down in the next tick only, so one at a time; it may keep the bytes longer than the page lives. */
  async #sendByRhea(): Promise<void> {
    const { sender } = this.#options;
    const event = this.#page[this.#sent];
    if (event !== undefined && sender.session.outgoing.available() > 0) {
      sender.send(Buffer.from(event.wire), undefined, 0);
      this.#sent += 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #sendAmongFaults(): Promise<void> {
    const { broker, hub, partition, signal, drop } = this.#options;
    const path = `${hub.namespace}/${hub.name}/${partition}`;
    const outcome = await aroundFaults(broker, 'receive', path, () => this.#sendSome(), signal);
    if (outcome.kind === 'drop') {
      // What was sent is to arrive first: that is what "after the effect" means.
      await new Promise((resolve) => setImmediate(resolve));
      drop();
    } else if (outcome.kind === 'error') this.evict(injectedError(outcome.status, outcome.code));
  }
}
