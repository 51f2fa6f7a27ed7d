/** What only the local Azure can show: durability, the plain folder, faults, hostile requests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RestError } from '@azure/core-rest-pipeline';
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import {
  DataLakeServiceClient,
  StorageSharedKeyCredential as LakeCredential,
} from '@azure/storage-file-datalake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Endpoints } from '../src/index.ts';
import { REAL_MODE } from './support/environment.ts';
import { localTarget } from './support/target.ts';

const isLocal = process.env[REAL_MODE] !== '1';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'azure-local-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

type Target = Awaited<ReturnType<typeof localTarget>>;

/** No SDK retry: each test says what one request does. */
const ONCE = { retryOptions: { maxTries: 1 } };

function lakeContainer({ storage }: Target, options = ONCE): ContainerClient {
  const credential = new StorageSharedKeyCredential(storage.account, storage.accountKey);
  return new BlobServiceClient(storage.blobUrl, credential, options).getContainerClient('lake');
}

async function withTarget<T>(work: (target: Target) => Promise<T>): Promise<T> {
  const target = await localTarget(dataDir);
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}

const put = (container: ContainerClient, name: string, text: string, options = {}) =>
  container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), options);
const text = async (container: ContainerClient, name: string) =>
  (await container.getBlobClient(name).downloadToBuffer()).toString();

describe.runIf(isLocal)('a restart', () => {
  test('keeps files, etags, metadata, pending data, keys and the certificate', async () => {
    const before = await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      const { etag } = await put(container, 'a/b', 'kept', { metadata: { k: 'v' } });
      await container.getBlockBlobClient('blocks').stageBlock('MDAx', 'staged', 6);
      const credential = new LakeCredential(target.storage.account, target.storage.accountKey);
      const lake = new DataLakeServiceClient(target.storage.dfsUrl, credential).getFileSystemClient('lake');
      await lake.getFileClient('appends').create();
      await lake.getFileClient('appends').append('pending', 0, 7);
      return {
        etag,
        endpoints: target.local.azure.endpoints,
        ca: await readFile(target.local.azure.endpoints.caFile),
      };
    });
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      expect(await text(container, 'a/b')).toBe('kept');
      const properties = await container.getBlobClient('a/b').getProperties();
      expect([properties.etag, properties.metadata]).toEqual([before.etag, { k: 'v' }]);
      await container.getBlockBlobClient('blocks').commitBlockList(['MDAx']);
      expect(await text(container, 'blocks')).toBe('staged');
      const credential = new LakeCredential(target.storage.account, target.storage.accountKey);
      const lake = new DataLakeServiceClient(target.storage.dfsUrl, credential).getFileSystemClient('lake');
      await lake.getFileClient('appends').flush(7);
      expect(await text(container, 'appends')).toBe('pending');
      const { endpoints } = target.local.azure;
      expect(endpoints.storageAccounts).toEqual(before.endpoints.storageAccounts);
      expect(endpoints.clientSecret).toBe(before.endpoints.clientSecret);
      expect(await readFile(endpoints.caFile)).toEqual(before.ca);
    });
  });

  test('keeps secrets to their owner', async () => {
    await withTarget(async () => {
      for (const name of ['secrets.json', 'endpoints.json', 'ca/ca-pair.json', 'ca/leaf-pair.json']) {
        expect((await stat(join(dataDir, name))).mode & 0o077, name).toBe(0);
      }
    });
  });

  test('after SIGKILL amid uploads keeps all that was acknowledged, and no part of anything', async () => {
    const { child, endpoints } = await spawnAzure(dataDir);
    const account = 'retaillake';
    const credential = new StorageSharedKeyCredential(account, endpoints.storageAccounts[account] ?? '');
    const container = new BlobServiceClient(
      `${endpoints.storage.http}/${account}`,
      credential,
      ONCE,
    ).getContainerClient('lake');
    await container.create();
    const body = 'x'.repeat(5000);
    const acknowledged: string[] = [];
    const writer = async (id: number) => {
      for (let n = 0; ; n++) {
        const name = `d${id}/${n}`;
        await put(container, name, body, { conditions: { ifNoneMatch: '*' } });
        acknowledged.push(name);
        if (acknowledged.length === 200) child.kill('SIGKILL');
      }
    };
    await Promise.allSettled(Array.from({ length: 8 }, (_, id) => writer(id)));
    await withTarget(async (target) => {
      const after = lakeContainer(target);
      const found = new Map<string, number>();
      for await (const blob of after.listBlobsFlat())
        found.set(blob.name, blob.properties.contentLength ?? 0);
      expect(acknowledged.filter((name) => found.get(name) !== body.length)).toEqual([]);
      const partial = [...found].filter(([name, bytes]) => name.includes('/') && bytes !== body.length);
      expect(partial).toEqual([]);
      expect(await readdir(join(dataDir, 'storage', account, '.meta', 'incoming'))).toEqual([]);
    });
  });
});

async function spawnAzure(
  folder: string,
): Promise<{ child: ReturnType<typeof spawn>; endpoints: Endpoints }> {
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const child = spawn(process.execPath, [main, '--data', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const { endpoints } = JSON.parse(line) as { endpoints: string };
  return { child, endpoints: JSON.parse(await readFile(endpoints, 'utf8')) as Endpoints };
}

describe.runIf(isLocal)('the folder', () => {
  test('holds plain files under their own names, and shows what is put there by hand', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      await put(container, 'bronze/orders/part=1/a.parquet', 'bytes', { metadata: { k: 'v' } });
      const folder = join(dataDir, 'storage', 'retaillake', 'lake');
      expect(await readFile(join(folder, 'bronze/orders/part=1/a.parquet'), 'utf8')).toBe('bytes');
      expect(await readdir(join(folder, 'bronze/orders'), { recursive: true })).toEqual([
        'part=1',
        'part=1/a.parquet',
      ]);
      await mkdir(join(folder, 'by-hand'));
      await writeFile(join(folder, 'by-hand/file'), 'one');
      const first = await container.getBlobClient('by-hand/file').getProperties();
      await writeFile(join(folder, 'by-hand/file'), 'two!');
      const second = await container.getBlobClient('by-hand/file').getProperties();
      expect([first.contentLength, second.contentLength]).toEqual([3, 4]);
      expect(second.etag).not.toBe(first.etag);
    });
  });

  test('shows nothing outside of it through a link', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      await symlink(join(dataDir, 'secrets.json'), join(dataDir, 'storage/retaillake/lake/link'));
      await expect(container.getBlobClient('link').downloadToBuffer()).rejects.toMatchObject({
        statusCode: 404,
      });
    });
  });
});

describe.runIf(isLocal)('a fault', () => {
  test('answers with its status, code and Retry-After', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      const { installFault, faults } = target.local;
      const action = { kind: 'error', status: 503, code: 'ServerBusy', retryAfterS: 7 };
      await installFault({ service: 'storage', match: { operation: 'put-blob' }, action, count: 1 });
      const error = await put(container, 'a', 'x').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RestError);
      expect(error).toMatchObject({ statusCode: 503, code: 'ServerBusy' });
      expect((error as RestError).response?.headers.get('retry-after')).toBe('7');
      expect(await container.getBlobClient('a').exists()).toBe(false);
      await put(container, 'a', 'x');
      expect((await faults()).map(({ hits }) => hits)).toEqual([1]);
    });
  });

  test('that drops the connection after the effect leaves the object behind', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      const drop = { kind: 'drop', when: 'after' };
      await target.local.installFault({
        service: 'storage',
        match: { method: 'PUT', path: '/a$' },
        action: drop,
        count: 1,
      });
      const once = { conditions: { ifNoneMatch: '*' } };
      await expect(put(container, 'a', 'ours', once)).rejects.toBeInstanceOf(RestError);
      expect(await text(container, 'a')).toBe('ours');
    });
  });

  test('that drops it before the effect leaves nothing', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      const drop = { kind: 'drop', when: 'before' };
      await target.local.installFault({
        service: 'storage',
        match: { method: 'PUT', path: '/a$' },
        action: drop,
        count: 1,
      });
      await expect(put(container, 'a', 'ours')).rejects.toBeInstanceOf(RestError);
      expect(await container.getBlobClient('a').exists()).toBe(false);
    });
  });

  test('makes the SDK with its own retries report a conflict with itself', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target, { retryOptions: { maxTries: 3 } });
      await container.create();
      const drop = { kind: 'drop', when: 'after' };
      await target.local.installFault({
        service: 'storage',
        match: { operation: 'put-blob' },
        action: drop,
        count: 1,
      });
      const once = { conditions: { ifNoneMatch: '*' } };
      await expect(put(container, 'a', 'ours', once)).rejects.toMatchObject({ code: 'BlobAlreadyExists' });
    });
  });

  test('that holds a request can be waited for and released', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      const { installFault, removeFault, faults } = target.local;
      const id = await installFault({
        service: 'storage',
        match: { path: '/held$' },
        action: { kind: 'hold', when: 'after' },
      });
      const upload = put(container, 'held', 'x');
      expect((await faults('?wait=1')).map(({ held }) => held)).toEqual([1]);
      expect(await readFile(join(dataDir, 'storage/retaillake/lake/held'), 'utf8')).toBe('x');
      await removeFault(id);
      await upload;
    });
  });

  test('can only be asked for with the control token', async () => {
    await withTarget(async (target) => {
      const { url } = target.local.azure.endpoints.control;
      expect((await fetch(`${url}/faults`)).status).toBe(401);
      expect((await fetch(`${url}/faults`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    });
  });
});

describe.runIf(isLocal)('a hostile request', () => {
  test('reaches no file outside the lake, however it is spelt', async () => {
    await withTarget(async (target) => {
      const container = lakeContainer(target);
      await container.create();
      const token = (await target.credential.getToken('https://storage.azure.com/.default'))?.token ?? '';
      const { http } = target.local.azure.endpoints.storage;
      const paths = [
        '/retaillake/lake/../../../secrets.json',
        '/retaillake/lake/%2e%2e/%2e%2e/%2e%2e/secrets.json',
        '/retaillake/lake/..%2f..%2f..%2fsecrets.json',
        '/retaillake/.meta/properties',
        '/retaillake/lake/a%00',
        '/../secrets.json',
        '/%2e%2e/secrets.json',
      ];
      for (const path of paths) expect(await rawStatus(http, path, token), path).toBe(400);
      expect(await rawStatus(http, '/retaillake/lake/secrets.json', token)).toBe(404);
      expect(target.local.errors).toEqual([]);
    });
  });

  test('with an expired or foreign token, or a stale signature, stays outside', async () => {
    await withTarget(async (target) => {
      const { http } = target.local.azure.endpoints.storage;
      const foreign =
        (await target.credential.getToken('https://management.azure.com/.default'))?.token ?? '';
      expect(await rawStatus(http, '/retaillake/lake?restype=container', foreign)).toBe(401);
      expect(await rawStatus(http, '/retaillake/lake?restype=container', 'a.b.c')).toBe(401);
    });
  });
});

/** One request with the path exactly as written: `fetch` would tidy it. */
function rawStatus(origin: string, path: string, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const request = httpRequest(
      { hostname, port, path, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    request.on('error', reject);
    request.end();
  });
}
