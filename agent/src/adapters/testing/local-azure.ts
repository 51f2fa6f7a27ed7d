import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { AzureRoutes } from '../azure-routes.ts';

const ENTRY = fileURLToPath(new URL('../../../../packages/azure-local/src/main.ts', import.meta.url));

interface Endpoints {
  readonly storage: { readonly http: string };
  readonly arm: { readonly http: string };
  readonly logAnalytics: { readonly http: string };
  readonly metrics: { readonly http: string };
  readonly eventHubs: { readonly amqps: string };
  readonly login: { readonly http: string; readonly https: string };
  readonly control: { readonly url: string; readonly token: string };
  readonly caFile: string;
  readonly identity: { readonly endpoint: string; readonly header: string };
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly agentApiId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceId: string;
}

/** A local Azure of its own for one test file: the agent knows it over the wire only. */
export interface LocalAzure {
  readonly dir: string;
  readonly routes: AzureRoutes;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Of Log Analytics. */
  readonly workspaceId: string;
  /** What an application needs for a token of Microsoft Entra ID. */
  readonly directory: {
    readonly authorityHost: string;
    readonly tenantId: string;
    readonly clientId: string;
    readonly clientSecret: string;
    /** The registration that stands for the agent's API. */
    readonly agentApiId: string;
  };
  /** Installs one fault; the body is that of the control endpoint. */
  fault(rule: object): Promise<void>;
  /** Requests that the installed faults have struck. */
  hits(): Promise<number>;
  /** Resolves when a fault holds a request. */
  held(): Promise<void>;
  clearFaults(): Promise<void>;
  stop(): Promise<void>;
}

/** Also gives this process the identity and the certificates of that Azure; call it before a credential is made. */
export async function startLocalAzure(): Promise<LocalAzure> {
  const dir = await mkdtemp(join(tmpdir(), 'local-azure-'));
  const child = spawn(process.execPath, [ENTRY, '--data', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  await ready(child);
  const endpoints = JSON.parse(await readFile(join(dir, 'endpoints.json'), 'utf8')) as Endpoints;
  setDefaultCACertificates([...getCACertificates('default'), await readFile(endpoints.caFile, 'utf8')]);
  process.env.IDENTITY_ENDPOINT = endpoints.identity.endpoint;
  process.env.IDENTITY_HEADER = endpoints.identity.header;
  process.env.AZURE_TOKEN_CREDENTIALS = 'ManagedIdentityCredential';
  const control = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${endpoints.control.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${endpoints.control.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`control endpoint: ${answer.status} ${text}`);
    return text;
  };
  return {
    dir,
    routes: {
      'retaillake.blob.core.windows.net': endpoints.storage.http,
      'retaillake.dfs.core.windows.net': endpoints.storage.http,
      'management.azure.com': endpoints.arm.http,
      'login.microsoftonline.com': endpoints.login.http,
      'api.loganalytics.io': endpoints.logAnalytics.http,
      'westeurope.metrics.monitor.azure.com': endpoints.metrics.http,
      'retail-events.servicebus.windows.net': `amqps://${endpoints.eventHubs.amqps}`,
    },
    subscriptionId: endpoints.subscriptionId,
    resourceGroup: endpoints.resourceGroup,
    workspaceId: endpoints.workspaceId,
    directory: { ...endpoints, authorityHost: endpoints.login.https },
    async fault(rule) {
      await control('POST', '/faults', rule);
    },
    async hits() {
      const { faults } = JSON.parse(await control('GET', '/faults')) as { faults: { hits: number }[] };
      return faults.reduce((sum, fault) => sum + fault.hits, 0);
    },
    async held() {
      await control('GET', '/faults?wait=1');
    },
    async clearFaults() {
      await control('DELETE', '/faults');
    },
    async stop() {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"ready":true')) return;
  }
  throw new Error(`the local Azure ended before it was ready: ${child.exitCode}`);
}

const STOP_MS_MAX = 5_000;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(late);
}
