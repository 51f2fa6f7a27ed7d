import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import {
  AGENT_ENVIRONMENT,
  AGENT_NODE_OPTIONS,
  PARTS,
  STORAGE_ENVIRONMENT,
} from '../../packages/cli/src/parts.ts';
import { ROOT } from '../support/paths.ts';
import { BenchProcess } from './processes.ts';

export const NAMESPACE = 'retail-events';

export interface Endpoints {
  readonly storage: { readonly http: string };
  readonly arm: { readonly http: string };
  readonly login: { readonly http: string };
  readonly eventHubs: { readonly amqp: string; readonly amqps: string };
  readonly identity: { readonly endpoint: string; readonly header: string };
  readonly caFile: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** Of every client of the local Azure. */
export function environment(endpoints: Endpoints): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: endpoints.caFile,
    IDENTITY_ENDPOINT: endpoints.identity.endpoint,
    IDENTITY_HEADER: endpoints.identity.header,
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
  };
}

/** Makes a resource of Event Hubs, by its path below the provider. */
export async function putResource(endpoints: Endpoints, path: string, properties: object): Promise<void> {
  const { endpoint, header } = endpoints.identity;
  const asked = `${endpoint}?api-version=2019-08-01&resource=https://management.azure.com`;
  const token = (await (await fetch(asked, { headers: { 'x-identity-header': header } })).json()) as {
    access_token: string;
  };
  const group = `/subscriptions/${endpoints.subscriptionId}/resourceGroups/${endpoints.resourceGroup}`;
  const url = `${endpoints.arm.http}${group}/providers/Microsoft.EventHub/${path}?api-version=2024-01-01`;
  const answer = await fetch(url, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ properties }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

/** A local Azure with the shop's generated data in its hubs, and nobody who sends more. */
export class BenchAzure {
  readonly folder: string;
  readonly endpoints: Endpoints;
  readonly #process: BenchProcess;

  private constructor(folder: string, endpoints: Endpoints, process: BenchProcess) {
    this.folder = folder;
    this.endpoints = endpoints;
    this.#process = process;
  }

  static async start(folder: string, rows: number): Promise<BenchAzure> {
    const data = join(folder, 'azure');
    const azure = new BenchProcess(PARTS.azureLocal, ['--data', data], STORAGE_ENVIRONMENT);
    await azure.line((line) => line.ready === true);
    const file = join(data, 'endpoints.json');
    const started = new BenchAzure(folder, JSON.parse(readFileSync(file, 'utf8')) as Endpoints, azure);
    const out = join(folder, 'sources');
    const args = ['generate', '--endpoints', file, '--out', out, '--rows', String(rows), '--as-of', AS_OF];
    const code = await new BenchProcess(PARTS.sources, args, environment(started.endpoints)).ended;
    if (code !== 0) throw new Error(`the sources ended with ${code}`);
    return started;
  }

  /** The agent's file, for a lake of its own; drains as often as is said, by default as shipped. */
  writeConfig(lake: string, more: Readonly<Record<string, unknown>> = {}, goldCopies = 0): string {
    const { endpoints, folder } = this;
    const stateDir = join(folder, `agent-${lake}`);
    mkdirSync(stateDir, { recursive: true });
    const lakeFolder = join(folder, 'azure', 'storage', 'retaillake', lake);
    mkdirSync(lakeFolder, { recursive: true });
    const config = {
      pipeline: copyPipeline(stateDir, goldCopies),
      storage: { account: 'retaillake', fileSystem: lake },
      dataFactory: { subscriptionId: endpoints.subscriptionId, resourceGroup: endpoints.resourceGroup },
      stateDir: '.',
      lakeFolder,
      asOf: AS_OF,
      routes: {
        'retaillake.dfs.core.windows.net': endpoints.storage.http,
        'retaillake.blob.core.windows.net': endpoints.storage.http,
        'management.azure.com': endpoints.arm.http,
        [`${NAMESPACE}.servicebus.windows.net`]: `amqps://${endpoints.eventHubs.amqps}`,
      },
      ...more,
    };
    const file = join(stateDir, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  startAgent(config: string): BenchProcess {
    const env = { ...environment(this.endpoints), ...AGENT_ENVIRONMENT };
    return new BenchProcess(PARTS.agent, ['run', '--config', config], env, AGENT_NODE_OPTIONS);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

const AS_OF = '2026-01-15';

/** The shipped pipeline, with as many more gold datasets as are asked for, all of the same query. */
function copyPipeline(stateDir: string, goldCopies: number): string {
  const target = join(stateDir, 'pipeline');
  cpSync(dirname(PARTS.pipeline), target, { recursive: true });
  const file = join(target, 'pipeline.yaml');
  const copies = Array.from(
    { length: goldCopies },
    (_, n) => `  sales_${n}: { query: sql/daily_sales.sql, slice: day, key: [day, country] }\n`,
  );
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^gold:\n/m, `gold:\n${copies.join('')}`));
  return file;
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export const EMPTY_SERVER = join(ROOT, 'test/bench/empty-server.ts');
