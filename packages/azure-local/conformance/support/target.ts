/**
 * Where the conformance suites run: on the local Azure in this process (default), or on a real subscription. A suite
 * uses unpatched SDK clients with what is given here and can not tell the two apart, but by `target.local`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import { ClientSecretCredential, DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { type AzureLocal, startAzureLocal } from '../../src/index.ts';
import { missingRealVariables, REAL_MODE, type RealVariable } from './environment.ts';

export type StorageTarget = {
  readonly account: string;
  readonly accountKey: string;
  /** For shared key. Local: plain http, path-style. */
  readonly dfsUrl: string;
  readonly blobUrl: string;
  /** For token credentials, which refuse plain http. Local: TLS under the local CA, path-style. */
  readonly dfsTokenUrl: string;
  readonly blobTokenUrl: string;
};

export type ArmTarget = {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Spread into the client's options. Local: routes https://management.azure.com to the local port. */
  readonly clientOptions: { readonly httpClient?: HttpClient };
};

export type EventHubsTarget = {
  /** For `new EventHubProducerClient(connectionString, hub)`. Local: plain AMQP (UseDevelopmentEmulator). */
  readonly connectionString: string;
  /** For token credentials, with `clientOptions`. Local: the production name, carried to the local AMQPS port. */
  readonly fullyQualifiedNamespace: string;
  readonly clientOptions: { readonly customEndpointAddress?: string };
  /** First label of the name, as ARM knows it. */
  readonly namespace: string;
};

export type ConformanceTarget = {
  readonly credential: TokenCredential;
  readonly storage: StorageTarget;
  readonly arm: ArmTarget;
  readonly eventHubs: EventHubsTarget;
  readonly dataFactory: string;
  /** Undefined on a real subscription: then skip what needs faults, restarts or the disk. */
  readonly local: LocalControls | undefined;
  close(): Promise<void>;
};

export type LocalControls = {
  readonly dataDir: string;
  readonly azure: AzureLocal;
  /** Errors that services threw; a clean suite leaves it empty. */
  readonly errors: readonly unknown[];
  /** POST /faults; returns the id. */
  installFault(rule: unknown): Promise<string>;
  removeFault(id?: string): Promise<void>;
  faults(query?: string): Promise<readonly FaultState[]>;
};

export type FaultState = { readonly id: string; readonly hits: number; readonly held: number };

export async function startTarget(): Promise<ConformanceTarget> {
  return process.env[REAL_MODE] === '1' ? realTarget() : localTarget();
}

/** A local Azure on `dataDir` (given: kept at close, for restarts; not given: a fresh temp folder, removed). */
export async function localTarget(
  given?: string,
): Promise<ConformanceTarget & { readonly local: LocalControls }> {
  const dataDir = given ?? (await mkdtemp(join(tmpdir(), 'azure-local-')));
  const errors: unknown[] = [];
  const azure = await startAzureLocal({ dataDir, onError: (error) => errors.push(error) });
  const { endpoints } = azure;
  await trustCertificate(endpoints.caFile);
  const account = 'retaillake';
  const key = endpoints.storageAccounts[account] ?? '';
  const plain = `${endpoints.storage.http}/${account}`;
  const secure = `${endpoints.storage.https}/${account}`;
  const namespace = 'retail-events';
  return {
    credential: new ClientSecretCredential(endpoints.tenantId, endpoints.clientId, endpoints.clientSecret, {
      authorityHost: endpoints.login.https,
      // The SDK asks Microsoft whether an unknown authority is genuine; a local one is not known there.
      disableInstanceDiscovery: true,
    }),
    storage: {
      account,
      accountKey: key,
      dfsUrl: plain,
      blobUrl: plain,
      dfsTokenUrl: secure,
      blobTokenUrl: secure,
    },
    arm: {
      subscriptionId: endpoints.subscriptionId,
      resourceGroup: endpoints.resourceGroup,
      clientOptions: { httpClient: routingHttpClient({ 'management.azure.com': endpoints.arm.http }) },
    },
    eventHubs: {
      connectionString: `Endpoint=sb://${endpoints.eventHubs.amqp};SharedAccessKeyName=${endpoints.sharedAccessKeyName};SharedAccessKey=${endpoints.sharedAccessKey};UseDevelopmentEmulator=true`,
      fullyQualifiedNamespace: `${namespace}.servicebus.windows.net`,
      clientOptions: { customEndpointAddress: `sb://${endpoints.eventHubs.amqps}` },
      namespace,
    },
    dataFactory: 'retail-factory',
    local: { dataDir, azure, errors, ...faultControls(azure) },
    close: async () => {
      await azure.close();
      if (given === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function realTarget(): Promise<ConformanceTarget> {
  const missing = missingRealVariables(process.env);
  if (missing.length > 0) throw new Error(`the real mode needs ${missing.join(', ')}`);
  const value = (name: RealVariable) => process.env[name] ?? '';
  const account = value('LAKEWARDEN_CONFORMANCE_STORAGE_ACCOUNT');
  const namespace = value('LAKEWARDEN_CONFORMANCE_EVENT_HUBS_NAMESPACE').replace(/\..*$/, '');
  const dfs = `https://${account}.dfs.core.windows.net`;
  const blob = `https://${account}.blob.core.windows.net`;
  return {
    credential: new DefaultAzureCredential(),
    storage: {
      account,
      accountKey: value('LAKEWARDEN_CONFORMANCE_STORAGE_KEY'),
      dfsUrl: dfs,
      blobUrl: blob,
      dfsTokenUrl: dfs,
      blobTokenUrl: blob,
    },
    arm: {
      subscriptionId: value('LAKEWARDEN_CONFORMANCE_SUBSCRIPTION_ID'),
      resourceGroup: value('LAKEWARDEN_CONFORMANCE_RESOURCE_GROUP'),
      clientOptions: {},
    },
    eventHubs: {
      connectionString: value('LAKEWARDEN_CONFORMANCE_EVENT_HUBS_CONNECTION_STRING'),
      fullyQualifiedNamespace: `${namespace}.servicebus.windows.net`,
      clientOptions: {},
      namespace,
    },
    dataFactory: value('LAKEWARDEN_CONFORMANCE_DATA_FACTORY'),
    local: undefined,
    close: async () => {},
  };
}

/** What NODE_EXTRA_CA_CERTS does at the start of a process, done for one that runs already. */
async function trustCertificate(caFile: string): Promise<void> {
  setDefaultCACertificates([...getCACertificates('default'), await readFile(caFile, 'utf8')]);
}

/** Carries production hosts to local ports after authentication has run; any other host is an error. */
export function routingHttpClient(routes: Readonly<Record<string, string>>): HttpClient {
  const inner = createDefaultHttpClient();
  return {
    sendRequest: (request) => {
      const url = new URL(request.url);
      const local = routes[url.hostname];
      if (local === undefined) throw new Error(`no local service answers for ${url.hostname}`);
      request.url = `${local}${url.pathname}${url.search}`;
      request.headers.set('x-lakewarden-host', url.hostname);
      request.allowInsecureConnection = true;
      return inner.sendRequest(request);
    },
  };
}

function faultControls(azure: AzureLocal): Pick<LocalControls, 'installFault' | 'removeFault' | 'faults'> {
  const { url, token } = azure.endpoints.control;
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  };
  return {
    installFault: async (rule) => ((await call('POST', '/faults', rule)) as { id: string }).id,
    removeFault: async (id) => {
      await call('DELETE', id === undefined ? '/faults' : `/faults/${id}`);
    },
    faults: async (query = '') => ((await call('GET', `/faults${query}`)) as { faults: FaultState[] }).faults,
  };
}
