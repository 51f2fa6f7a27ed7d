import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@lakewarden/client';
import {
  aDataset,
  anOverview,
  type FakeAgent,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import type { Overview } from '@lakewarden/contracts';
import { afterEach, expect, it } from 'vitest';
import { LakeModel } from '../models/lake-model.ts';
import { systemClock } from '../models/model-ports.ts';
import { memoryLog } from '../models/testing.ts';
import type { AgentPlace } from './agent-place.ts';
import { ConnectionModel } from './connection-model.ts';
import type { ConnectionState } from './connection-state.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** The clock of the machine, but nobody waits longer than a blink. */
const quickClock = {
  ...systemClock,
  sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(Math.min(ms, 20), signal),
};

const EMPTY: FakeAgentOptions['queries'] = {
  datasets: { items: [aDataset()] },
  lag: { sources: [] },
  runs: { items: [] },
  backfills: { items: [] },
  incidents: { items: [] },
  executions: { items: [] },
  runbooks: { runbooks: [], problems: [] },
};

function connect(place: () => AgentPlace, token: () => string | undefined) {
  const log = memoryLog();
  const lake = new LakeModel(quickClock, log);
  const connection = new ConnectionModel({
    findAgent: async () => place(),
    tokenFor: async () => token(),
    session: lake,
    clock: quickClock,
    log,
    createClient: (options) =>
      createClient({ ...options, clock: quickClock, limits: { requestMs: 400, connectMs: 400 } }),
  });
  closing.push(() => connection.stop());
  const reached = (kind: ConnectionState['kind']) =>
    new Promise<ConnectionState>((resolve) => {
      const look = (state: ConnectionState) => {
        if (state.kind !== kind) return;
        stop.dispose();
        resolve(state);
      };
      const stop = connection.onChange(look);
      look(connection.state);
    });
  return { connection, lake, log, reached };
}

const found = (url: string): AgentPlace => ({ kind: 'found', url, from: 'setting' });

async function agent(options: FakeAgentOptions = {}): Promise<FakeAgent> {
  const fake = await startFakeAgent({ ...options, queries: { ...EMPTY, ...options.queries } });
  closing.push(() => fake.close());
  return fake;
}

async function stranger(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('connects, asks for everything once, and follows the events', async () => {
  const fake = await agent();
  const { connection, lake, reached } = connect(
    () => found(fake.url),
    () => fake.token,
  );
  connection.start();
  expect(await reached('connected')).toMatchObject({ url: fake.url, version: '0.1.0' });
  const loaded = new Promise<void>((resolve) => {
    lake.onChange(() => {
      if (lake.isLoaded) resolve();
    });
  });
  await loaded;
  expect(lake.datasets.get('silver.orders')?.state).toBe('failed');
  const green = new Promise<void>((resolve) => {
    lake.onChange(() => {
      if (lake.datasets.get('silver.orders')?.state === 'fresh') resolve();
    });
  });
  fake.send({ type: 'dataset', dataset: aDataset({ state: 'fresh' }) });
  await green;
});

it('comes back behind the last event when the connection is cut, and shows what it knew meanwhile', async () => {
  const fake = await agent();
  const { connection, lake, reached } = connect(
    () => found(fake.url),
    () => fake.token,
  );
  connection.start();
  await reached('connected');
  await new Promise<void>((resolve) => {
    lake.onChange(() => {
      if (lake.isLoaded) resolve();
    });
  });
  const lost = reached('unreachable');
  fake.cut();
  expect((await lost).problem).toContain('not reachable');
  expect(lake.datasets.size).toBe(1);
  await reached('connected');
  expect(fake.streams.length).toBeGreaterThan(1);
});

it('says that it is not there, and finds it when it is', async () => {
  let place: AgentPlace = { kind: 'noAgent' };
  const { connection, reached } = connect(
    () => place,
    () => 'a-token-of-the-test',
  );
  connection.start();
  await reached('noAgent');
  place = { kind: 'untrusted' };
  await reached('untrusted');
  const fake = await agent();
  place = found(fake.url);
  connection.again();
  await reached('connected');
});

it('asks nobody anything before somebody has signed in', async () => {
  const fake = await agent();
  let token: string | undefined;
  const { connection, reached } = connect(
    () => found(fake.url),
    () => token,
  );
  connection.start();
  await reached('signedOut');
  expect(fake.requests).toEqual([]);
  token = 'wrong';
  connection.again();
  expect((await reached('signedOut')).kind).toBe('signedOut');
  token = fake.token;
  connection.again();
  await reached('connected');
});

it('tells an older and a newer agent apart', async () => {
  const agentOf = (api: number) => anOverview({ agent: { ...anOverview().agent, api } });
  const older = await agent({ queries: { overview: agentOf(0) } });
  const newer = await agent({ queries: { overview: agentOf(99) } });
  let url = older.url;
  const { connection, reached } = connect(
    () => found(url),
    () => older.token,
  );
  connection.start();
  expect((await reached('tooOld')).problem).toContain('update the agent');
  url = newer.url;
  connection.again();
  expect((await reached('tooNew')).problem).toContain('update Lakewarden here');
});

it('waits for an agent that reads the lake first', async () => {
  let ready = false;
  const overview = (): Overview => anOverview({ agent: { ...anOverview().agent, ready } });
  const fake = await agent({ queries: { overview } });
  const { connection, reached } = connect(
    () => found(fake.url),
    () => fake.token,
  );
  connection.start();
  await reached('starting');
  ready = true;
  await reached('connected');
});

const html: RequestListener = (_, response) => void response.end('<html>');
const otherJson: RequestListener = (_, response) => void response.end('{}');
const nothing: RequestListener = () => undefined;
const cut: RequestListener = (request) => void request.socket.destroy();

it.each([
  ['no JSON', 'broken', html],
  ['other JSON', 'broken', otherJson],
  ['nothing, ever', 'unreachable', nothing],
  ['a cut connection', 'unreachable', cut],
] as const)('says plainly that it got %s', async (_, kind, listener) => {
  const url = await stranger(listener);
  const { connection, reached } = connect(
    () => found(url),
    () => 'token',
  );
  connection.start();
  const state = await reached(kind);
  expect(state.problem?.split(' · ').length).toBeGreaterThanOrEqual(3);
});

it('refuses a URL that would show the token to the network', async () => {
  const { connection, reached } = connect(
    () => found('http://agent.example'),
    () => 'token',
  );
  connection.start();
  expect((await reached('badUrl')).problem).toContain('plain http');
});

it('goes to the agent of another port when the old one is gone', async () => {
  const first = await agent();
  const second = await agent();
  let url = first.url;
  const { connection, reached } = connect(
    () => found(url),
    () => first.token,
  );
  connection.start();
  await reached('connected');
  url = second.url;
  await first.close();
  await new Promise<void>((resolve) => {
    connection.onChange((state) => {
      if (state.kind === 'connected' && state.url === second.url) resolve();
    });
  });
});
