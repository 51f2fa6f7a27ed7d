import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';

/** DIR/endpoints.json (0600, it holds secrets). URLs have no trailing slash. */
export type Endpoints = {
  readonly storage: { readonly http: string; readonly https: string };
  readonly arm: { readonly http: string; readonly https: string };
  readonly login: { readonly http: string; readonly https: string };
  /** Stands in for https://api.loganalytics.io. */
  readonly logAnalytics: { readonly http: string; readonly https: string };
  /** Stands in for https://<region>.metrics.monitor.azure.com. */
  readonly metrics: { readonly http: string; readonly https: string };
  /** `host:port`; `ws` as a URL. */
  readonly eventHubs: { readonly amqp: string; readonly amqps: string; readonly ws?: string };
  readonly control: { readonly url: string; readonly token: string };
  /** PEM of the local CA, for NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE. */
  readonly caFile: string;
  /** IDENTITY_ENDPOINT and IDENTITY_HEADER. */
  readonly identity: { readonly endpoint: string; readonly header: string };
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Application id of the agent's API; the scope is `api://<id>/.default`. */
  readonly agentApiId: string;
  /** Account name → base64 key. */
  readonly storageAccounts: Readonly<Record<string, string>>;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Of Log Analytics. */
  readonly workspaceId: string;
};

export async function writeEndpoints(dataDir: string, endpoints: Endpoints): Promise<string> {
  const path = join(dataDir, 'endpoints.json');
  await writeFileDurably(path, `${JSON.stringify(endpoints, null, 2)}\n`, 0o600);
  return path;
}
