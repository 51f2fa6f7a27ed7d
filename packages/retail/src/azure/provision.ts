import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { DataLakeServiceClient } from '@azure/storage-file-datalake';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import { routedStorageClient, routedUrl } from './routed-http-client.ts';
import { ARM_HOST, type AzureTarget } from './target.ts';

export interface HubPlan {
  readonly name: string;
  readonly partitionCount: number;
}

/** The hubs of pipeline.yaml. */
export const HUBS: readonly HubPlan[] = [
  { name: 'orders', partitionCount: 4 },
  { name: 'clicks', partitionCount: 4 },
  { name: 'pos', partitionCount: 4 },
  { name: 'payments', partitionCount: 4 },
];

const API_VERSION = '2024-01-01';
const REQUEST_MS_MAX = 30_000;
/** The most that Azure has (premium: 90 days). The local Azure keeps everything, as history by `--data` must stay readable. */
const RETENTION_HOURS_AZURE = 2_160;
const RETENTION_HOURS_LOCAL = -1;

/** Makes namespace and hubs, or leaves them as they are: PUT of the same is harmless (Event Hubs ARM API). */
export async function provisionHubs(target: AzureTarget, hubs: readonly HubPlan[]): Promise<void> {
  const credential = new DefaultAzureCredential();
  const { subscriptionId, resourceGroup, namespace } = target;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.EventHub/namespaces/${namespace}`;
  const arm = new ArmClient(target, credential);
  if ((await arm.get(path)) === undefined) {
    await arm.put(path, { location: 'westeurope', sku: { name: 'Premium', tier: 'Premium', capacity: 1 } });
  }
  for (const { name, partitionCount } of hubs) {
    const hub = `${path}/eventhubs/${name}`;
    if ((await arm.get(hub)) !== undefined) continue;
    const retentionTimeInHours = target.routes === undefined ? RETENTION_HOURS_AZURE : RETENTION_HOURS_LOCAL;
    const retentionDescription = { cleanupPolicy: 'Delete', retentionTimeInHours };
    await arm.put(hub, { properties: { partitionCount, retentionDescription } });
  }
}

/** Makes the lake's file system, or leaves it as it is. */
export async function provisionFileSystem(target: AzureTarget): Promise<void> {
  const httpClient = routedStorageClient(target.routes);
  const url = `https://${target.account}.dfs.core.windows.net`;
  const client = new DataLakeServiceClient(url, new DefaultAzureCredential(), {
    ...(httpClient && { httpClient }),
  });
  await client.getFileSystemClient(target.fileSystem).createIfNotExists();
}

class ArmClient {
  readonly #target: AzureTarget;
  readonly #credential: TokenCredential;

  constructor(target: AzureTarget, credential: TokenCredential) {
    this.#target = target;
    this.#credential = credential;
  }

  /** Undefined when there is no such resource. */
  async get(path: string): Promise<unknown> {
    const answer = await this.#send('GET', path);
    if (answer.status === 404) return undefined;
    return this.#body(answer, path);
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.#body(await this.#send('PUT', path, body), path);
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    const url = `https://${ARM_HOST}${path}?api-version=${API_VERSION}`;
    const { routes } = this.#target;
    const token = await this.#credential.getToken(`https://${ARM_HOST}/.default`);
    try {
      return await fetch(routes === undefined ? url : routedUrl(routes, url), {
        method,
        headers: { authorization: `Bearer ${token?.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_MS_MAX),
      });
    } catch (cause) {
      throw new TransientError('unavailable', `${method} ${path} got no answer`, { cause });
    }
  }

  async #body(answer: Response, path: string): Promise<unknown> {
    if (answer.ok) return answer.json();
    const message = `${path} answers ${answer.status} ${(await answer.text()).slice(0, 300)}`;
    if (answer.status === 429 || answer.status >= 500) throw new TransientError('unavailable', message);
    throw new TerminalError(
      answer.status === 401 || answer.status === 403 ? 'unauthorized' : 'invalid',
      message,
    );
  }
}
