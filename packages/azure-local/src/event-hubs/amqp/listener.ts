/** The sockets: AMQP 1.0 over plain TCP and over TLS. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Broker } from './broker.ts';
import { Peer } from './peer.ts';
import { type Connection, createContainer } from './rhea.ts';

/** The client has to show life this often; it is cut after twice the time. */
const IDLE_MS = 120_000;
const CHANNELS_MAX = 4999;
const CLOSE_GRACE_MS = 1_000;
const CONNECT = { service: 'event-hubs', method: 'CONNECT', path: '', operation: 'connect' } as const;

export type AmqpListenerOptions = {
  readonly host: string;
  readonly port: number;
  /** PEM texts; undefined: plain TCP. */
  readonly tls?: { readonly key: string; readonly cert: string };
};

export type AmqpListener = {
  readonly port: number;
  /** Ends the links whose claims have expired. */
  endExpired(): void;
  close(): Promise<void>;
};

/** Accepts clients of `broker` until `close`. */
export async function listenAmqp(broker: Broker, options: AmqpListenerOptions): Promise<AmqpListener> {
  const container = createContainer('lakewarden-event-hubs');
  container.sasl_server_mechanisms.enable_anonymous();
  container.sasl_server_mechanisms.enable_plain((user, password) => isPolicy(broker, user, password));
  container.on('error', () => {});
  const peers = new Set<Peer>();
  const onSocket = (socket: Socket) => {
    // Refused below, before any byte was read.
    if (socket.destroyed) return;
    socket.setNoDelay(true);
    // Also after rhea has let go of the socket: an unheard error would end the process.
    socket.on('error', () => {});
    const connection = container.create_connection({
      reconnect: false,
      idle_time_out: IDLE_MS,
      channel_max: CHANNELS_MAX,
      receiver_options: { credit_window: 0, autoaccept: false },
    });
    const process = connection._process;
    // One packet for all that a turn writes: credit must not come behind the attach that it belongs to.
    connection._process = () => {
      socket.cork();
      try {
        process.call(connection);
      } finally {
        socket.uncork();
      }
    };
    const peer = new Peer(broker, connection, socket);
    peers.add(peer);
    socket.on('close', () => peers.delete(peer));
    connection.accept(socket);
    acknowledgeAtOnce(socket, connection);
  };
  const server: Server =
    options.tls === undefined
      ? createServer({ noDelay: true }, onSocket)
      : createTlsServer({ key: options.tls.key, cert: options.tls.cert }, onSocket);
  server.on('tlsClientError', () => {});
  server.prependListener('connection', (socket: Socket) => {
    if (broker.faults.strike(CONNECT, 'refuse') !== undefined) socket.resetAndDestroy();
  });
  const forgetFaults = broker.faults.onInstall('event-hubs', (fault) => {
    if (fault.kind === 'detach') for (const peer of peers) peer.detach(fault);
    if (fault.kind === 'refuse') for (const peer of peers) if (fault.strikes(CONNECT)) peer.cut();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    endExpired: () => {
      for (const peer of peers) peer.endExpired();
    },
    close: async () => {
      forgetFaults();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...peers].map((peer) => peer.close(CLOSE_GRACE_MS)));
      await closed;
    },
  };
}

/** An AMQP frame without a body: legal at any time once the connection is open (AMQP 1.0 part 2.4.5). */
const EMPTY_FRAME = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]);

/**
 * Answers whatever arrives, with an empty frame if there is nothing else to say. The SDKs leave Nagle's algorithm on: the
 * last packet of a send waits for our acknowledgement of the one before, which the kernel delays by 40 ms unless there
 * is something to send along with it.
 */
function acknowledgeAtOnce(socket: Socket, connection: Connection): void {
  let scheduled = false;
  socket.on('data', () => {
    if (scheduled) return;
    scheduled = true;
    const { bytesWritten } = socket;
    // After rhea's own answers of this turn.
    setImmediate(() => {
      scheduled = false;
      const isSilent = socket.bytesWritten === bytesWritten && socket.writableLength === 0;
      if (isSilent && connection.is_open() && socket.writable) socket.write(EMPTY_FRAME);
    });
  });
}

function isPolicy(broker: Broker, user: string, password: string): boolean {
  const given = Buffer.from(password ?? '');
  const expected = Buffer.from(broker.sas.key);
  return user === broker.sas.keyName && given.length === expected.length && timingSafeEqual(given, expected);
}
