/** The composition root of the local Azure: one process, loopback only, one folder. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createFaultControl } from '../control/fault-control.ts';
import { createDataFactory } from '../data-factory/service.ts';
import { createEventHubs } from '../event-hubs/service.ts';
import { FaultBoard } from '../faults/fault-board.ts';
import { createIdentity } from '../identity/service.ts';
import { createMonitor } from '../monitor/service.ts';
import { createStorage } from '../storage/service.ts';
import { createArm } from './arm.ts';
import { loadCertificates } from './certificate-authority.ts';
import { type Endpoints, writeEndpoints } from './endpoints.ts';
import { type HttpServerOptions, type RunningHttpServer, startHttpServer } from './http-server.ts';
import { loadSecrets } from './secrets.ts';
import type { HttpService } from './service.ts';

const HOST = '127.0.0.1';
/** How long requests in flight may take at a graceful stop before their connections are cut. */
const STOP_GRACE_MS = 2_000;
export const DEFAULT_STORAGE_ACCOUNT = 'retaillake';

/** Ports: 0 or undefined = ephemeral. */
export type AzureLocalPorts = {
  readonly storage?: number;
  readonly storageTls?: number;
  readonly arm?: number;
  readonly armTls?: number;
  readonly login?: number;
  readonly loginTls?: number;
  readonly amqp?: number;
  readonly amqps?: number;
  readonly control?: number;
  readonly logAnalytics?: number;
  readonly logAnalyticsTls?: number;
  readonly metrics?: number;
  readonly metricsTls?: number;
};

export type AzureLocalOptions = {
  readonly dataDir: string;
  readonly ports?: AzureLocalPorts;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly now?: () => number;
  /** Unexpected errors inside a service; default: ignored (the client sees a 500). Must not throw. */
  readonly onError?: HttpServerOptions['onError'];
};

export type AzureLocal = {
  readonly endpoints: Endpoints;
  /** DIR/endpoints.json */
  readonly endpointsFile: string;
  /** Graceful stop. What was acknowledged is on disk with or without it. */
  close(): Promise<void>;
};

/** Starts every service on `dataDir`; resolves when all listen and DIR/endpoints.json is written. */
export async function startAzureLocal(options: AzureLocalOptions): Promise<AzureLocal> {
  const { dataDir, ports = {}, now = Date.now, onError = () => {} } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const secrets = await loadSecrets(dataDir);
  const { caFile, ...tls } = await loadCertificates(dataDir, now());
  const board = new FaultBoard();
  const shared = { dataDir, secrets, faults: board, now };
  const identity = await createIdentity({ dataDir, secrets, now });
  const { verifyToken } = identity;
  const storage = await createStorage({
    ...shared,
    verifyToken,
    accounts: await storageAccounts(dataDir),
    defaultAccount: DEFAULT_STORAGE_ACCOUNT,
  });
  const eventHubs = await createEventHubs({ ...shared, tls, verifyToken });
  const dataFactory = await createDataFactory({ ...shared, lake: storage.lake });
  const monitor = createMonitor({ ...shared, verifyToken, storage, eventHubs, dataFactory });
  const arm = createArm({ verifyToken, eventHubs: eventHubs.arm, dataFactory: dataFactory.arm });

  const running: RunningHttpServer[] = [];
  const serve = async (name: HttpServerOptions['name'], service: HttpService, port = 0, tlsPort?: number) => {
    const faults = name === 'control' ? undefined : board;
    const secure = name === 'control' ? {} : { tls, tlsPort: tlsPort ?? 0 };
    const log = name === 'storage' ? { onAnswer: storage.requestLog.record } : {};
    const server = await startHttpServer({
      name,
      service,
      faults,
      host: HOST,
      port,
      ...secure,
      ...log,
      onError,
    });
    running.push(server);
    return server;
  };
  const close = async () => {
    // Held requests would keep their connections open for the whole grace time.
    board.removeAll();
    await Promise.all(running.map((server) => server.close(STOP_GRACE_MS)));
    await monitor.close();
    await dataFactory.close();
    await eventHubs.close();
    await storage.close();
  };

  try {
    const storageHttp = await serve('storage', storage.http, ports.storage, ports.storageTls);
    const armHttp = await serve('arm', arm, ports.arm, ports.armTls);
    const loginHttp = await serve('login', identity.http, ports.login, ports.loginTls);
    const logsHttp = await serve(
      'log-analytics',
      monitor.logAnalytics,
      ports.logAnalytics,
      ports.logAnalyticsTls,
    );
    const metricsHttp = await serve('metrics', monitor.metrics, ports.metrics, ports.metricsTls);
    const control = createFaultControl({ controlToken: secrets.controlToken, board });
    const controlHttp = await serve('control', control, ports.control);
    const amqp = await eventHubs.listen({
      host: HOST,
      amqpPort: ports.amqp ?? 0,
      amqpsPort: ports.amqps ?? 0,
    });
    const endpoints: Endpoints = {
      storage: urls(storageHttp),
      arm: urls(armHttp),
      login: urls(loginHttp),
      logAnalytics: urls(logsHttp),
      metrics: urls(metricsHttp),
      eventHubs: {
        amqp: `${HOST}:${amqp.amqpPort}`,
        amqps: `localhost:${amqp.amqpsPort}`,
        ...(amqp.wsPort === undefined ? {} : { ws: `ws://${HOST}:${amqp.wsPort}` }),
      },
      control: { url: `http://${HOST}:${controlHttp.port}`, token: secrets.controlToken },
      caFile,
      identity: { endpoint: `http://${HOST}:${loginHttp.port}/msi/token`, header: secrets.identityHeader },
      tenantId: secrets.tenantId,
      clientId: secrets.clientId,
      clientSecret: secrets.clientSecret,
      agentApiId: secrets.agentApiId,
      storageAccounts: Object.fromEntries(
        storage.accounts().map((name) => [name, secrets.storageAccountKey(name)]),
      ),
      sharedAccessKeyName: secrets.sharedAccessKeyName,
      sharedAccessKey: secrets.sharedAccessKey,
      subscriptionId: secrets.subscriptionId,
      resourceGroup: secrets.resourceGroup,
      workspaceId: secrets.workspaceId,
    };
    const endpointsFile = await writeEndpoints(dataDir, endpoints);
    return { endpoints, endpointsFile, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function urls(server: RunningHttpServer): { http: string; https: string } {
  return { http: `http://${HOST}:${server.port}`, https: `https://localhost:${server.tlsPort}` };
}

/** The default account first, then every account that has a folder. */
async function storageAccounts(dataDir: string): Promise<string[]> {
  const root = join(dataDir, 'storage');
  await mkdir(join(root, DEFAULT_STORAGE_ACCOUNT), { recursive: true });
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return [DEFAULT_STORAGE_ACCOUNT, ...names.filter((name) => name !== DEFAULT_STORAGE_ACCOUNT).sort()];
}
