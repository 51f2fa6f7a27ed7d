import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Refusal } from './exit.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { LakeMode } from './lake-mode.ts';
import { PARTS } from './parts.ts';

/** Where the local Azure listens this time; written by it, read by everyone who starts beside it. */
export interface Endpoints {
  readonly storage: { readonly http: string };
  readonly arm: { readonly http: string };
  readonly eventHubs: { readonly amqps: string };
  readonly control: { readonly url: string; readonly token: string };
  readonly logAnalytics: { readonly http: string };
  readonly metrics: { readonly http: string };
  readonly workspaceId: string;
  readonly caFile: string;
  readonly identity: { readonly endpoint: string; readonly header: string };
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** The resources of the shipped pipeline, by the names that they have in Azure too. */
const ACCOUNT = 'retaillake';
const FILE_SYSTEM = 'lake';
const NAMESPACE = 'retail-events';
const REGION = 'westeurope';

export function readEndpoints(folder: LakeFolder): Endpoints {
  return JSON.parse(readFileSync(folder.endpoints, 'utf8')) as Endpoints;
}

/** True when a local Azure answers on this lake: a second one would write the same files. */
export async function isUp(folder: LakeFolder): Promise<boolean> {
  try {
    const { control } = readEndpoints(folder);
    const answer = await fetch(`${control.url}/faults`, {
      headers: { authorization: `Bearer ${control.token}` },
      signal: AbortSignal.timeout(2_000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

/** What makes `DefaultAzureCredential` and TLS of an unmodified SDK work against the local Azure. */
export function childEnvironment(endpoints: Endpoints): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: endpoints.caFile,
    IDENTITY_ENDPOINT: endpoints.identity.endpoint,
    IDENTITY_HEADER: endpoints.identity.header,
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
  };
}

export interface AgentSettings {
  readonly asOf: string | undefined;
  readonly drainEveryMs: number | undefined;
  readonly windowEveryMs: number | undefined;
  /** Of its API, on this machine. */
  readonly port: number;
}

/**
 * What a person wants of the agent of this lake beside what `up` says: any key of its configuration, such as `resources`
 * (which Azure resource is which source) or `runbookModes`. The agent checks it and names what is wrong.
 */
function readSettings(folder: LakeFolder): Readonly<Record<string, unknown>> {
  if (!existsSync(folder.settings)) return {};
  try {
    return JSON.parse(readFileSync(folder.settings, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    throw new Refusal(EXIT.usage, `${folder.settings} cannot be read as JSON · mend or remove it`);
  }
}

export function writeAgentConfig(
  folder: LakeFolder,
  mode: LakeMode,
  endpoints: Endpoints,
  options: AgentSettings,
): void {
  const config = {
    pipeline: mode.pipeline ?? PARTS.pipeline,
    storage: { account: ACCOUNT, fileSystem: FILE_SYSTEM },
    dataFactory: { subscriptionId: endpoints.subscriptionId, resourceGroup: endpoints.resourceGroup },
    stateDir: '.',
    lakeFolder: join(folder.azure, 'storage', ACCOUNT, FILE_SYSTEM),
    routes: {
      [`${ACCOUNT}.dfs.core.windows.net`]: endpoints.storage.http,
      [`${ACCOUNT}.blob.core.windows.net`]: endpoints.storage.http,
      'management.azure.com': endpoints.arm.http,
      [`${NAMESPACE}.servicebus.windows.net`]: `amqps://${endpoints.eventHubs.amqps}`,
      'api.loganalytics.io': endpoints.logAnalytics.http,
      [`${REGION}.metrics.monitor.azure.com`]: endpoints.metrics.http,
    },
    monitor: { workspaceId: endpoints.workspaceId, region: REGION },
    api: { host: '127.0.0.1', port: options.port },
    ...(options.asOf !== undefined && { asOf: options.asOf }),
    ...(options.drainEveryMs !== undefined && { drainEveryMs: options.drainEveryMs }),
    ...(options.windowEveryMs !== undefined && { windowEveryMs: options.windowEveryMs }),
    ...readSettings(folder),
  };
  writeFileSync(folder.agentConfig, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
