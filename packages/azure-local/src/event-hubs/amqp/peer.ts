/** One client's connection: who it is, what it may do, and its links. */
import type { Socket } from 'node:net';
import type { InstalledFault } from '../../server/service.ts';
import type { Hub } from '../hub.ts';
import { parseStartPosition } from '../start-position.ts';
import { aroundFaults, type Broker, type Operation } from './broker.ts';
import { putToken, type RequestAnswer } from './cbs.ts';
import { Claims } from './claims.ts';
import {
  argumentError,
  entityNotFound,
  expiredClaim,
  forcedDetach,
  injectedError,
  internalError,
  partitionOutOfRange,
  unauthorized,
} from './conditions.ts';
import { ConsumerLink } from './consumer-link.ts';
import { type LinkAddress, parseLinkAddress } from './link-address.ts';
import { readManagement } from './management.ts';
import { type LinkHost, ProducerLink } from './producer-link.ts';
import {
  type AmqpError,
  amqpTypes,
  type Connection,
  type DecodedMessage,
  type EventContext,
  onLinkEnd,
  type Receiver,
  type Sender,
  type Session,
  type TransferFrame,
  WINDOW_MOVED,
} from './rhea.ts';
import { wantsRuntimeMetric } from './runtime-metric.ts';

/** Where clients land that name no namespace (an IP address, `localhost`), as the vendor's own emulator has one fixed one. */
export const DEFAULT_NAMESPACE = 'retail-events';
const REQUEST_CREDIT = 100;
/** Not one that AMQP defines: makes rhea hand over messages of format 0 as the bytes that were sent. */
const RAW_FORMAT = 1;

type RequestKind = 'cbs' | 'management';

export class Peer {
  readonly #broker: Broker;
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #claims: Claims;
  readonly #gone = new AbortController();
  readonly #replySenders = new Set<Sender>();
  /** Open links to hubs, by the address that their claim must cover. */
  readonly #links = new Map<Receiver | Sender, string>();
  #namespace = DEFAULT_NAMESPACE;

  constructor(broker: Broker, connection: Connection, socket: Socket) {
    this.#broker = broker;
    this.#connection = connection;
    this.#socket = socket;
    this.#claims = new Claims(broker.now);
    socket.on('close', () => this.#gone.abort());
    connection.on('connection_open', () => this.#onOpen());
    connection.on('session_open', ({ session }: EventContext) => {
      // One listener of some events for each link of the session.
      session.setMaxListeners(0);
      keepRawMessages(session);
      announceFlows(session);
    });
    connection.on('receiver_open', ({ receiver }: EventContext) => this.#onReceiver(receiver));
    connection.on('sender_open', ({ sender }: EventContext) => this.#onSender(sender));
    // rhea prints or throws what nobody listens to.
    for (const event of ['connection_error', 'connection_close', 'session_error', 'session_close'])
      connection.on(event, () => {});
    for (const event of ['receiver_error', 'receiver_close', 'sender_error', 'sender_close'])
      connection.on(event, () => {});
    for (const event of ['protocol_error', 'error', 'disconnected', 'settled'])
      connection.on(event, () => {});
  }

  /** Asks the client to leave; the socket is cut if it does not by `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.#socket.destroyed) return;
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#connection.close({ condition: 'amqp:connection:forced', description: 'The service is stopping.' });
    const timer = setTimeout(() => this.#socket.destroy(), graceMs);
    await gone;
    clearTimeout(timer);
  }

  endExpired(): void {
    for (const [link, address] of this.#links)
      if (link.is_open() && !this.#claims.allows(address)) link.close(expiredClaim(address));
  }

  /** Detaches the open links that the fault strikes; the connection stays. */
  detach(fault: InstalledFault): void {
    for (const [link, address] of this.#links) {
      const operation = link.is_sender() ? 'receive' : 'send';
      const path = `${this.#namespace}/${faultPath(address)}`;
      const target = { service: 'event-hubs', method: operation.toUpperCase(), path, operation } as const;
      if (link.is_open() && fault.strikes(target)) link.close(forcedDetach());
    }
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#socket.destroy();
  }

  #onOpen(): void {
    const { hostname } = this.#connection;
    const [, namespace] = /^([a-z0-9-]+)\.servicebus\./i.exec(hostname ?? '') ?? [];
    this.#namespace = (namespace ?? DEFAULT_NAMESPACE).toLowerCase();
    // SASL PLAIN with the policy's name and key, which the listener has checked, is a claim on the whole namespace.
    const user = this.#connection.sasl_transport?.selected?.username;
    if (user === this.#broker.sas.keyName && isPlain(this.#connection))
      this.#claims.grant('', Number.POSITIVE_INFINITY);
  }

  get #host(): LinkHost {
    return { broker: this.#broker, signal: this.#gone.signal, drop: () => this.#socket.destroy() };
  }

  #onReceiver(receiver: Receiver): void {
    const address = receiver.target?.address ?? '';
    receiver.set_source({ address: receiver.source?.address ?? undefined });
    receiver.set_target({ address });
    const parsed = parseLinkAddress(address);
    if (parsed?.kind === 'cbs' || parsed?.kind === 'management') {
      receiver.add_credit(REQUEST_CREDIT);
      receiver.on('message', (context: EventContext) => this.#onRequest(parsed.kind, context));
      return;
    }
    void this.#attach(receiver, address, async () => this.#openProducer(receiver, address, parsed));
  }

  #openProducer(receiver: Receiver, address: string, parsed: LinkAddress | undefined): AmqpError | undefined {
    const found = this.#entity(address, parsed, 'Send');
    if ('condition' in found) return found;
    if (parsed?.kind !== 'hub') return entityNotFound(address);
    const { hub, partition } = found;
    new ProducerLink({ ...this.#host, receiver, hub, partition });
    return undefined;
  }

  #onSender(sender: Sender): void {
    const address = sender.source?.address ?? '';
    const { filter } = sender.source ?? {};
    sender.set_source({ address, ...(filter === undefined || filter === null ? {} : { filter }) });
    sender.set_target({ address: sender.target?.address ?? undefined });
    const parsed = parseLinkAddress(address);
    if (parsed?.kind === 'cbs' || parsed?.kind === 'management') {
      this.#replySenders.add(sender);
      onLinkEnd(sender, () => this.#replySenders.delete(sender));
      return;
    }
    void this.#attach(sender, address, async () => this.#openConsumer(sender, address, parsed));
  }

  #openConsumer(sender: Sender, address: string, parsed: LinkAddress | undefined): AmqpError | undefined {
    const found = this.#entity(address, parsed, 'Listen');
    if ('condition' in found) return found;
    const { hub, partition } = found;
    if (parsed?.kind !== 'consumer' || partition === undefined) return entityNotFound(address);
    const group = hub.consumerGroup(parsed.group);
    const log = hub.partitions[partition];
    if (group === undefined || log === undefined) return entityNotFound(address);
    const position = parseStartPosition(selectorOf(sender.source?.filter));
    if (position === undefined) return argumentError('The filter of the receiver is not supported.');
    const { properties, desired_capabilities } = sender.remote.attach;
    const epoch = toBigInt(properties?.['com.microsoft:epoch']);
    const name = properties?.['com.microsoft:receiver-name'];
    const receiverName = typeof name === 'string' && name !== '' ? name : sender.name;
    const { signal } = this.#gone;
    if (signal.aborted) return undefined;
    const link = new ConsumerLink(
      {
        ...this.#host,
        sender,
        socket: this.#socket,
        hub,
        group: group.name,
        partition,
        position,
        epoch,
        receiverName,
        tellsMetric: wantsRuntimeMetric(desired_capabilities),
      },
      log,
    );
    const refused = this.#broker.owners.claim(hub, group.name, partition, link);
    if (refused === undefined) link.start().catch(() => link.evict(internalError()));
    else link.release();
    return refused;
  }

  /** Opens a link between the faults of `attach`. A refusal is, as in the service, an attach and at once a detach. */
  async #attach(
    link: Receiver | Sender,
    address: string,
    open: () => Promise<AmqpError | undefined>,
  ): Promise<void> {
    const refuse = (error: AmqpError) => {
      if (link.is_open()) link.close(error);
    };
    this.#links.set(link, address);
    onLinkEnd(link, () => this.#links.delete(link));
    if (this.#broker.faults.idle('event-hubs')) {
      // Begins in this very turn: settle mode, size limit and credit have to leave with the attach.
      const error = await openNow(open);
      if (error !== undefined) refuse(error);
      return;
    }
    holdAttach(link);
    const path = `${this.#namespace}/${faultPath(address)}`;
    const outcome = await this.#around('attach', path, () => openNow(open));
    if (outcome.kind === 'drop') return void this.#socket.destroy();
    link.open();
    if (outcome.kind === 'error') refuse(injectedError(outcome.status, outcome.code));
    else if (outcome.value !== undefined) refuse(outcome.value);
  }

  #entity(
    address: string,
    parsed: LinkAddress | undefined,
    claim: 'Send' | 'Listen',
  ): { readonly hub: Hub; readonly partition: number | undefined } | AmqpError {
    if (parsed?.kind !== 'hub' && parsed?.kind !== 'consumer') return entityNotFound(address);
    if (!this.#claims.allows(address)) return unauthorized(claim, `sb://${this.#namespace}/${address}`);
    const hub = this.#broker.hubs.find(this.#namespace, parsed.hub);
    if (hub === undefined) return entityNotFound(`${this.#namespace}/${parsed.hub}`);
    if (parsed.partition === undefined) return { hub, partition: undefined };
    const partition = /^\d+$/.test(parsed.partition) ? Number(parsed.partition) : -1;
    if (hub.partitions[partition] === undefined) return partitionOutOfRange(hub.partitions.length);
    return { hub, partition };
  }

  #onRequest(kind: RequestKind, { message, receiver, delivery }: EventContext): void {
    const request = message as DecodedMessage;
    delivery.accept();
    receiver.add_credit(1);
    const { name, partition } = request.application_properties ?? {};
    const path = `${this.#namespace}/${faultPath(String(name ?? ''), partition)}`;
    const effect = async () => this.#answer(kind, request);
    this.#around(kind, path, effect).then(
      (outcome) => {
        if (outcome.kind === 'drop') this.#socket.destroy();
        else if (outcome.kind === 'done') this.#reply(kind, request, outcome.value);
        else {
          const { condition, description } = injectedError(outcome.status, outcome.code);
          this.#reply(kind, request, { status: outcome.status, condition, description });
        }
      },
      () => {
        const { condition, description } = internalError();
        this.#reply(kind, request, { status: 500, condition, description });
      },
    );
  }

  async #answer(kind: RequestKind, request: DecodedMessage): Promise<RequestAnswer> {
    if (kind === 'cbs') return putToken(this.#broker, this.#namespace, this.#claims, request);
    return readManagement(this.#broker, this.#namespace, this.#claims, request);
  }

  #reply(kind: RequestKind, request: DecodedMessage, answer: RequestAnswer): void {
    // The JavaScript SDK names its reply link after `reply_to`; others give it as the link's target address.
    const senders = [...this.#replySenders].filter(
      (sender) => parseLinkAddress(sender.source?.address ?? '')?.kind === kind,
    );
    const to = request.reply_to;
    const sender =
      senders.find(({ name, target }) => to !== undefined && (name === to || target?.address === to)) ??
      (senders.length === 1 ? senders[0] : undefined);
    if (sender === undefined || !sender.is_open()) return;
    sender.send({
      correlation_id: request.message_id,
      application_properties: {
        'status-code': amqpTypes.wrap_int(answer.status),
        'status-description': answer.description,
        ...(answer.condition === undefined
          ? {}
          : { 'error-condition': amqpTypes.wrap_symbol(answer.condition) }),
      },
      body: answer.body,
    });
  }

  #around<T>(operation: Operation, path: string, effect: () => Promise<T>) {
    return aroundFaults(this.#broker, operation, path, effect, this.#gone.signal);
  }
}

async function openNow(open: () => Promise<AmqpError | undefined>): Promise<AmqpError | undefined> {
  try {
    return await open();
  } catch {
    return internalError();
  }
}

/** Takes back rhea's answer to an attach, which would leave at the end of this turn; `link.open()` gives it again. */
function holdAttach(link: Receiver | Sender): void {
  link.state.local_open = false;
  link.state.open_requests = 0;
}

function isPlain(connection: Connection): boolean {
  const mechanism = connection.sasl_transport?.selected as { mechanism?: { callback?: unknown } } | undefined;
  return mechanism?.mechanism?.callback !== undefined;
}

/** rhea decodes messages of format 0 and forgets their bytes; producers' events are to be kept byte for byte. */
function keepRawMessages(session: Session): void {
  const onTransfer = session.on_transfer;
  session.on_transfer = function (
    this: Session,
    frame: TransferFrame & { readonly performative: { readonly handle?: number } },
  ) {
    const links = (this as unknown as { remote: { handles: Record<number, Receiver> } }).remote.handles;
    const address = links[frame.performative.handle ?? -1]?.target?.address ?? '';
    const kind = parseLinkAddress(address)?.kind;
    if (frame.performative.message_format === 0 && kind !== 'cbs' && kind !== 'management')
      frame.performative.message_format = RAW_FORMAT;
    onTransfer.call(this, frame);
  };
}

/** rhea tells of a flow that names a link, but not of one that only opens the session's window. */
function announceFlows(session: Session): void {
  const onFlow = session.on_flow;
  session.on_flow = (frame) => {
    onFlow.call(session, frame);
    session.emit(WINDOW_MOVED);
  };
}

/** `orders/ConsumerGroups/$Default/Partitions/2` → `orders/2`, `sb://host/orders/$management` → `orders/`. */
function faultPath(address: string, partition?: unknown): string {
  const path = address.replace(/^[a-z]+:\/\/[^/]*\//i, '').replace(/\/\$management$/i, '');
  const parsed = parseLinkAddress(path);
  if (parsed?.kind === 'hub') return `${parsed.hub}/${parsed.partition ?? partition ?? ''}`;
  if (parsed?.kind === 'consumer') return `${parsed.hub}/${parsed.partition}`;
  return path;
}

/** The text of the selector filter, however the client has named and wrapped it. */
function selectorOf(filter: unknown): string | undefined {
  if (typeof filter !== 'object' || filter === null) return undefined;
  const entry = (filter as Record<string, unknown>)['apache.org:selector-filter:string'];
  if (entry === undefined || entry === null) return undefined;
  return String(typeof entry === 'object' && 'value' in entry ? entry.value : entry);
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'number') return BigInt(value);
  return Buffer.isBuffer(value) && value.length === 8 ? value.readBigInt64BE() : undefined;
}
