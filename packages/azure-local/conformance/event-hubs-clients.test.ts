/** AMQP clients that are not the JavaScript SDK: plain rhea, with the habits of others. Local only. */
import { createHmac } from 'node:crypto';
import rhea, { type Connection, type EventContext, type Message, type Receiver, type Sender } from 'rhea';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { NAMESPACE, receiveAll, startWorld, type World } from './event-hubs-world.ts';

const HUB = 'orders';
const READER = `${HUB}/ConsumerGroups/$Default/Partitions`;
let world: World;
const connections: Connection[] = [];
beforeAll(async () => {
  world = await startWorld();
  await world.service.createHub({ namespace: NAMESPACE, name: HUB, partitionCount: 4 });
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});
afterAll(() => world.end());

type Options = Record<string, unknown>;

async function connect(options: Options = {}): Promise<Connection> {
  const container = rhea.create_container();
  container.on('error', () => {});
  const connection = container.connect({
    host: '127.0.0.1',
    port: world.amqpPort,
    reconnect: false,
    ...options,
  } as Parameters<typeof container.connect>[0]);
  for (const event of [
    'disconnected',
    'connection_close',
    'connection_error',
    'sender_close',
    'receiver_close',
    'sender_error',
    'receiver_error',
  ])
    connection.on(event, () => {});
  connections.push(connection);
  await event(connection, 'connection_open');
  return connection;
}

const withKey = (): Options => ({
  username: world.secrets.sharedAccessKeyName,
  password: world.secrets.sharedAccessKey,
});

function event(
  emitter: { once(name: string, listener: (context: EventContext) => void): unknown },
  name: string,
): Promise<EventContext> {
  return new Promise((resolve) => {
    emitter.once(name, resolve);
  });
}

/** How a link ends that the service refuses. */
async function refusedWith(link: Sender | Receiver): Promise<string | undefined> {
  await Promise.race([event(link, 'sender_close'), event(link, 'receiver_close')]);
  return (link.error as { condition?: string } | undefined)?.condition;
}

async function sendOne(sender: Sender, message: Message | Buffer, format?: number): Promise<string> {
  if (!sender.sendable()) await event(sender, 'sendable');
  const outcome = new Promise<string>((resolve) => {
    const settle = (name: string) => () => {
      sender.removeAllListeners('accepted').removeAllListeners('rejected');
      resolve(name);
    };
    for (const name of ['accepted', 'rejected']) sender.once(name, settle(name));
  });
  sender.send(message as Message, undefined, format);
  return outcome;
}

/** The first `count` messages of a link. */
function collect(receiver: Receiver, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  return new Promise((resolve) => {
    receiver.on('message', ({ message }: EventContext) => {
      if (message !== undefined) messages.push(message);
      if (messages.length === count) resolve(messages);
    });
  });
}

describe('SASL', () => {
  test('PLAIN with the policy opens links without a token', async () => {
    const connection = await connect(withKey());
    const sender = connection.open_sender(`${HUB}/Partitions/0`);
    expect(await sendOne(sender, { body: 'plain' })).toBe('accepted');
  });

  test('PLAIN with a wrong key is refused', async () => {
    const container = rhea.create_container();
    container.on('error', () => {});
    const connection = container.connect({
      host: '127.0.0.1',
      port: world.amqpPort,
      reconnect: false,
      username: world.secrets.sharedAccessKeyName,
      password: 'wrong',
    });
    connections.push(connection);
    connection.on('disconnected', () => {});
    const { error } = (await event(connection, 'connection_error')) as { error?: { condition?: string } };
    expect(error?.condition).toBe('amqp:unauthorized-access');
  });

  test('ANONYMOUS opens nothing without a token', async () => {
    const connection = await connect({ username: 'anonymous' });
    expect(await refusedWith(connection.open_sender(HUB))).toBe('amqp:unauthorized-access');
    expect(await refusedWith(connection.open_receiver(`${READER}/0`))).toBe('amqp:unauthorized-access');
  });
});

describe('a shared access signature', () => {
  function sign(path: string, expiresS: number): string {
    const resource = encodeURIComponent(`sb://127.0.0.1/${path}`);
    const signature = createHmac('sha256', world.secrets.sharedAccessKey)
      .update(`${resource}\n${expiresS}`)
      .digest('base64');
    return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiresS}&skn=${world.secrets.sharedAccessKeyName}`;
  }

  async function putToken(connection: Connection, name: string, token: string): Promise<number> {
    const receiver = connection.open_receiver({
      source: { address: '$cbs' },
      target: { address: 'replies' },
    });
    const answered = collect(receiver, 1);
    const sender = connection.open_sender('$cbs');
    await event(sender, 'sendable');
    sender.send({
      body: token,
      message_id: 'r-1',
      reply_to: 'replies',
      application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name },
    });
    const [answer] = await answered;
    expect(answer?.correlation_id).toBe('r-1');
    return answer?.application_properties?.['status-code'] as number;
  }
  const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

  test('of a hub opens all of the hub and nothing else', async () => {
    await world.service.createHub({ namespace: NAMESPACE, name: 'clicks', partitionCount: 1 });
    const connection = await connect({ username: 'anonymous' });
    expect(await putToken(connection, `sb://127.0.0.1/${HUB}`, sign(HUB, inAnHour()))).toBe(202);
    expect(await sendOne(connection.open_sender(`${HUB}/Partitions/0`), { body: 'signed' })).toBe('accepted');
    expect(await refusedWith(connection.open_sender('clicks'))).toBe('amqp:unauthorized-access');
  });

  test('that is expired, or of another resource, is refused', async () => {
    const connection = await connect({ username: 'anonymous' });
    expect(await putToken(connection, `sb://127.0.0.1/${HUB}`, sign(HUB, 1_000))).toBe(401);
    const other = await connect({ username: 'anonymous' });
    expect(await putToken(other, `sb://127.0.0.1/${HUB}`, sign('clicks', inAnHour()))).toBe(401);
  });
});

describe('a message that is no batch', () => {
  test('is stored byte for byte', async () => {
    const connection = await connect(withKey());
    const sender = connection.open_sender(`${HUB}/Partitions/1`);
    const large = rhea.types.wrap_ulong(7);
    await sendOne(sender, {
      body: { typed: large },
      durable: true,
      application_properties: { small: rhea.types.wrap_byte(1) },
    });
    const receiver = connection.open_receiver(`${READER}/1`);
    const [message] = await collect(receiver, 1);
    expect(message).toMatchObject({
      durable: true,
      body: { typed: 7 },
      application_properties: { small: 1 },
    });
    expect(message?.message_annotations).toMatchObject({
      'x-opt-sequence-number': 0,
      'x-opt-offset': expect.any(String),
    });
  });

  test('that cannot be read is rejected, and the link lives on', async () => {
    const connection = await connect(withKey());
    const sender = connection.open_sender(`${HUB}/Partitions/1`);
    expect(await sendOne(sender, Buffer.from('no AMQP at all'), 0x80013700)).toBe('rejected');
    expect(await sendOne(sender, { body: 'fine' })).toBe('accepted');
  });
});

describe('a client with small frames, several links on one session, and credit by the spoon', () => {
  test('gets large events in many frames', async () => {
    const connection = await connect({ ...withKey(), max_frame_size: 4096 });
    const sender = connection.open_sender(`${HUB}/Partitions/2`);
    const bodies = [Buffer.alloc(900_000, 1), Buffer.alloc(3), Buffer.alloc(70_000, 2)];
    for (const body of bodies) await sendOne(sender, { body: rhea.message.data_section(body) });
    const receiver = connection.open_receiver({ source: `${READER}/2`, credit_window: 0 });
    const received = collect(receiver, 3);
    await event(receiver, 'receiver_open');
    receiver.add_credit(3);
    const contents = (await received).map(({ body }) => body.content as Buffer);
    expect(contents.map((content, index) => content.equals(bodies[index] as Buffer))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('gets no more than its credit', async () => {
    const connection = await connect(withKey());
    const sender = connection.open_sender(`${HUB}/Partitions/3`);
    for (let body = 0; body < 10; body++) await sendOne(sender, { body });
    const receiver = connection.open_receiver({ source: `${READER}/3`, credit_window: 0 });
    const bodies: unknown[] = [];
    receiver.on('message', ({ message }: EventContext) => bodies.push(message?.body));
    await event(receiver, 'receiver_open');
    for (const credit of [1, 2, 4]) {
      const wanted = bodies.length + credit;
      const arrived = new Promise<void>((resolve) => {
        receiver.on('message', () => bodies.length === wanted && resolve());
      });
      receiver.add_credit(credit);
      await arrived;
      // A round trip later nothing more has come.
      await sendOne(sender, { body: 'later' });
      expect(bodies.length).toBe(wanted);
    }
    expect(bodies).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('gets its credit back when it drains and nothing is left', async () => {
    const connection = await connect(withKey());
    await sendOne(connection.open_sender(`${HUB}/Partitions/3`), { body: 'the last' });
    const count = (await receiveAll(world, HUB, '3')).length;
    const receiver = connection.open_receiver({ source: `${READER}/3`, credit_window: 0 });
    const received = collect(receiver, count);
    await event(receiver, 'receiver_open');
    receiver.add_credit(count + 50);
    await received;
    const drained = event(receiver, 'receiver_drained');
    receiver.drain_credit();
    await drained;
    expect((receiver as unknown as { credit: number }).credit).toBe(0);
  });
});
