/**
 * What we use of rhea 3, typed by what it does on the server side; its own typings leave out the parts that a broker needs
 * (accepting sockets, deliveries of foreign formats, attach frames before they are sent).
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import rhea from 'rhea';

export type AmqpError = { readonly condition: string; readonly description: string };

export type Terminus = { readonly address?: string | null; readonly filter?: unknown };

export type AttachFrame = {
  readonly name: string;
  readonly source: Terminus | null;
  readonly target: Terminus | null;
  readonly properties?: Readonly<Record<string, unknown>> | null;
  readonly desired_capabilities?: unknown;
  readonly snd_settle_mode?: number;
};

type Link = EventEmitter & {
  readonly name: string;
  readonly session: Session;
  readonly source: Terminus | null;
  readonly target: Terminus | null;
  readonly properties?: Readonly<Record<string, unknown>> | null;
  readonly remote: { readonly attach: AttachFrame };
  readonly local: {
    readonly handle: number;
    readonly attach: {
      source?: unknown;
      target?: unknown;
      max_message_size?: number;
      snd_settle_mode?: number;
      offered_capabilities?: readonly string[];
      properties?: Record<string, unknown>;
    };
  };
  credit: number;
  delivery_count: number;
  set_source(source: Record<string, unknown>): void;
  set_target(target: Record<string, unknown>): void;
  readonly state: { local_open: boolean; open_requests: number };
  open(): void;
  close(error?: AmqpError): void;
  is_open(): boolean;
  is_sender(): boolean;
};

export type Sender = Link & {
  send(message: unknown, tag?: Buffer, format?: number): unknown;
  readonly _draining: boolean;
  set_drained(drained: boolean): void;
};
export type Receiver = Link & { add_credit(credit: number): void };

/** Frames as rhea has them after decoding, before a link sees them. */
export type TransferFrame = {
  readonly performative: { readonly delivery_id?: number | null; message_format?: number | null };
};

export type Session = EventEmitter & {
  readonly connection: Connection;
  readonly local: { readonly channel: number };
  readonly outgoing: {
    readonly deliveries: { readonly size: number };
    available(): number;
    transfer_window(): number;
    next_delivery_id: number;
    next_pending_delivery: number;
    next_transfer_id: number;
    window: number;
  };
  on_transfer(frame: TransferFrame): void;
  on_flow(frame: unknown): void;
};

/** Emitted on a session by us, after any flow frame. */
export const WINDOW_MOVED = 'window_moved';

export type Connection = EventEmitter & {
  readonly hostname?: string;
  readonly max_frame_size?: number;
  readonly sasl_transport?: {
    readonly selected?: { readonly username?: string; readonly mechanism?: { readonly username?: string } };
  };
  accept(socket: Socket): void;
  close(error?: AmqpError): void;
  is_open(): boolean;
  is_closed(): boolean;
  _process(): void;
  _register(): void;
};

export type Delivery = {
  readonly format: number;
  accept(): void;
  reject(error: AmqpError): void;
  release(): void;
};

export type DecodedMessage = {
  readonly message_id?: unknown;
  readonly reply_to?: string;
  readonly body?: unknown;
  readonly application_properties?: Readonly<Record<string, unknown>>;
};

export type EventContext = {
  readonly connection: Connection;
  readonly session: Session;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly delivery: Delivery;
  readonly message: unknown;
};

export type Container = EventEmitter & {
  readonly sasl_server_mechanisms: {
    enable_anonymous(): void;
    enable_plain(check: (user: string, password: string) => boolean): void;
  };
  create_connection(options: Record<string, unknown>): Connection;
};

type Typed = { readonly type: unknown };
type WrapName = 'int' | 'long' | 'map' | 'symbol' | 'timestamp' | 'array' | 'described';
type Types = Readonly<Record<`wrap_${WrapName}`, (value: unknown, code?: number) => Typed>>;

const root = rhea as unknown as {
  create_container(options: Record<string, unknown>): Container;
  readonly types: Types;
};

export const amqpTypes: Types = root.types;
/** Type code of `str32`, for arrays of strings. */
export const STR32 = 0xb1;

/** Calls `listener` once when the link has ended: detached by either side, or its session ended. */
export function onLinkEnd(link: Sender | Receiver, listener: () => void): void {
  let ended = false;
  const onEnd = () => {
    if (ended) return;
    ended = true;
    link.session.off('session_close', onEnd);
    listener();
  };
  link.on('sender_close', onEnd);
  link.on('receiver_close', onEnd);
  link.session.on('session_close', onEnd);
}

export function createContainer(id: string): Container {
  return root.create_container({ id });
}
