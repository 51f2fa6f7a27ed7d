/** Takes sends to a hub or one of its partitions. A delivery is accepted when its events are on disk. */
import type { Hub } from '../hub.ts';
import { aroundFaults, type Broker } from './broker.ts';
import {
  entityNotFound,
  injectedError,
  internalError,
  MESSAGE_BYTES_MAX,
  malformedMessage,
  messageTooLarge,
} from './conditions.ts';
import { readTransfer } from './incoming-events.ts';
import { type AmqpError, type Delivery, type EventContext, onLinkEnd, type Receiver } from './rhea.ts';
import { MalformedMessage } from './sections.ts';

/** Sends under way on one link; the JavaScript SDK sleeps a whole second when it finds none left. */
const CREDIT = 100;
/** Above this the link gets no new credit until sends are done. */
const UNACKNOWLEDGED_BYTES_MAX = 32 << 20;

export type LinkHost = {
  readonly broker: Broker;
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal;
  /** Cuts the connection without a word. */
  drop(): void;
};

export type ProducerOptions = LinkHost & {
  readonly receiver: Receiver;
  readonly hub: Hub;
  /** Undefined: the partition key decides, else each batch goes to the next partition. */
  readonly partition: number | undefined;
};

export class ProducerLink {
  readonly #options: ProducerOptions;
  #unacknowledgedBytes = 0;
  #usedCredit = 0;
  /** Sends that faults may delay keep their order; undefined while no fault is set. */
  #queue: Promise<void> | undefined;

  constructor(options: ProducerOptions) {
    this.#options = options;
    const { receiver, hub } = options;
    receiver.local.attach.max_message_size = MESSAGE_BYTES_MAX;
    receiver.add_credit(CREDIT);
    receiver.on('message', (context: EventContext) => this.#onMessage(context));
    const forget = hub.onDeleted(() => this.end(entityNotFound(hub.name)));
    onLinkEnd(receiver, forget);
    options.signal.addEventListener('abort', forget, { once: true });
  }

  end(error: AmqpError): void {
    if (this.#options.receiver.is_open()) this.#options.receiver.close(error);
  }

  #onMessage({ message, delivery }: EventContext): void {
    const bytes = message as Buffer;
    this.#unacknowledgedBytes += bytes.length;
    const done = () => {
      this.#unacknowledgedBytes -= bytes.length;
      this.#usedCredit += 1;
      this.#grantCredit();
    };
    if (this.#queue === undefined && this.#options.broker.faults.idle('event-hubs')) {
      void this.#store(bytes, delivery).finally(done);
      return;
    }
    const queued = (this.#queue ?? Promise.resolve())
      .then(() => this.#storeAmongFaults(bytes, delivery))
      .finally(() => {
        if (this.#queue === queued) this.#queue = undefined;
        done();
      });
    this.#queue = queued;
  }

  async #store(bytes: Buffer, delivery: Delivery): Promise<void> {
    const refused = await this.#append(bytes, delivery.format);
    if (refused === undefined) delivery.accept();
    else delivery.reject(refused);
  }

  async #storeAmongFaults(bytes: Buffer, delivery: Delivery): Promise<void> {
    const { broker, hub, partition, signal, drop } = this.#options;
    const path = `${hub.namespace}/${hub.name}/${partition ?? ''}`;
    const effect = () => this.#append(bytes, delivery.format);
    const outcome = await aroundFaults(broker, 'send', path, effect, signal);
    switch (outcome.kind) {
      case 'done':
        if (outcome.value === undefined) delivery.accept();
        else delivery.reject(outcome.value);
        return;
      case 'drop':
        return drop();
      case 'error': {
        const error = injectedError(outcome.status, outcome.code);
        if (error.condition.startsWith('amqp:link:')) this.end(error);
        else delivery.reject(error);
      }
    }
  }

  /** Undefined: the events are on disk. */
  async #append(bytes: Buffer, format: number): Promise<AmqpError | undefined> {
    const { hub, partition } = this.#options;
    // A rejection, not a detach: the JavaScript SDK lets a send whose link is detached run into its time limit.
    if (bytes.length > MESSAGE_BYTES_MAX) return messageTooLarge(bytes.length);
    try {
      const { events, partitionKey } = readTransfer(bytes, format);
      await hub.append(partition ?? hub.partitionFor(partitionKey), events);
      return undefined;
    } catch (error) {
      if (error instanceof MalformedMessage || error instanceof RangeError)
        return malformedMessage(error.message);
      return internalError();
    }
  }

  #grantCredit(): void {
    const { receiver } = this.#options;
    if (this.#usedCredit < CREDIT / 4 || this.#unacknowledgedBytes > UNACKNOWLEDGED_BYTES_MAX) return;
    if (!receiver.is_open()) return;
    receiver.add_credit(this.#usedCredit);
    this.#usedCredit = 0;
  }
}
