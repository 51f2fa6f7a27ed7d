import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';
import type { Secrets } from './service.ts';

/** What DIR/secrets.json holds. `masterKey` is base64; account keys are derived from it, so none has to be stored. */
type SecretsFile = {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly identityHeader: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  readonly controlToken: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly masterKey: string;
};

/** Reads DIR/secrets.json, or makes it (0600, whole or absent) at the first start. */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, 'secrets.json');
  const stored = await readSecretsFile(path);
  const file = stored ?? newSecretsFile();
  if (stored === undefined) await writeFileDurably(path, `${JSON.stringify(file, null, 2)}\n`, 0o600);
  const { masterKey, ...rest } = file;
  return {
    ...rest,
    agentApiId: deriveGuid(masterKey, 'agent-api'),
    workspaceId: deriveGuid(masterKey, 'log-analytics-workspace'),
    storageAccountKey: (account) => deriveKey(masterKey, `storage-account/${account}`),
  };
}

async function readSecretsFile(path: string): Promise<SecretsFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = JSON.parse(text) as SecretsFile;
  for (const name of Object.keys(newSecretsFile()) as (keyof SecretsFile)[]) {
    if (typeof parsed[name] !== 'string')
      throw new Error(`${path}: "${name}" is missing; delete the file to make new secrets`);
  }
  return parsed;
}

function newSecretsFile(): SecretsFile {
  return {
    tenantId: randomUUID(),
    clientId: randomUUID(),
    clientSecret: randomBytes(30).toString('base64url'),
    identityHeader: randomUUID(),
    sharedAccessKeyName: 'RootManageSharedAccessKey',
    sharedAccessKey: randomBytes(32).toString('base64'),
    controlToken: randomBytes(32).toString('base64url'),
    subscriptionId: randomUUID(),
    resourceGroup: 'lakewarden',
    masterKey: randomBytes(64).toString('base64'),
  };
}

// 64 bytes, the size of a real account key.
function deriveKey(masterKey: string, purpose: string): string {
  return createHmac('sha512', Buffer.from(masterKey, 'base64')).update(purpose).digest('base64');
}

function deriveGuid(masterKey: string, purpose: string): string {
  const hex = Buffer.from(deriveKey(masterKey, purpose), 'base64').toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
