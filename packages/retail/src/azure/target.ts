import { readFile } from 'node:fs/promises';
import { TerminalError } from '@lakewarden/contracts';

/** Production host → local base URL. A host that is not in it is refused, so that a test never reaches the real Azure. */
export type Routes = Readonly<Record<string, string>>;

/** Where the retailer's sources send to. Names and URLs are those of production; `routes` alone says that it is local. */
export interface AzureTarget {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly namespace: string;
  readonly factory: string;
  readonly account: string;
  readonly fileSystem: string;
  readonly routes: Routes | undefined;
  /** Without an entity path. Undefined: the identity of the process is used. */
  readonly eventHubsConnection: string | undefined;
}

export const ARM_HOST = 'management.azure.com';
export const NAMES = {
  namespace: 'retail-events',
  factory: 'retail-factory',
  account: 'retaillake',
  fileSystem: 'lake',
} as const;

interface Endpoints {
  readonly storage: { readonly http: string };
  readonly arm: { readonly http: string };
  readonly eventHubs: { readonly amqp: string };
  readonly identity: { readonly endpoint: string; readonly header: string };
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/**
 * Reads what the local Azure wrote about itself. Sources are outside producers: they use a shared access policy on the
 * plain port, as devices do. Throws `TerminalError('invalid')` when the file is missing or is not of that kind.
 */
export async function readTarget(endpointsFile: string): Promise<AzureTarget> {
  const endpoints = await readEndpoints(endpointsFile);
  const { amqp } = endpoints.eventHubs;
  return {
    ...NAMES,
    subscriptionId: endpoints.subscriptionId,
    resourceGroup: endpoints.resourceGroup,
    routes: {
      [ARM_HOST]: endpoints.arm.http,
      [`${NAMES.account}.dfs.core.windows.net`]: endpoints.storage.http,
      [`${NAMES.account}.blob.core.windows.net`]: endpoints.storage.http,
    },
    eventHubsConnection: [
      `Endpoint=sb://${amqp}`,
      `SharedAccessKeyName=${endpoints.sharedAccessKeyName}`,
      `SharedAccessKey=${endpoints.sharedAccessKey}`,
      'UseDevelopmentEmulator=true',
    ].join(';'),
  };
}

/** What `DefaultAzureCredential` needs to get its tokens from the local Azure; it reads the environment only once. */
export async function localIdentityEnvironment(endpointsFile: string): Promise<Record<string, string>> {
  const { identity } = await readEndpoints(endpointsFile);
  return {
    IDENTITY_ENDPOINT: identity.endpoint,
    IDENTITY_HEADER: identity.header,
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
  };
}

async function readEndpoints(file: string): Promise<Endpoints> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Endpoints;
  } catch (cause) {
    throw new TerminalError('invalid', `${file} cannot be read; is the local Azure up?`, { cause });
  }
}
