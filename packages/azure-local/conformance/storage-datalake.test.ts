/** ADLS Gen2 as the unpatched @azure/storage-file-datalake sees it. */
import { randomUUID } from 'node:crypto';
import { RestError } from '@azure/core-rest-pipeline';
import {
  type DataLakeFileSystemClient,
  DataLakeServiceClient,
  StorageSharedKeyCredential,
} from '@azure/storage-file-datalake';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConformanceTarget, startTarget } from './support/target.ts';

let target: ConformanceTarget;
let lake: DataLakeFileSystemClient;
/** Fresh for each test, so that tests do not see each other. */
let root: string;

beforeAll(async () => {
  target = await startTarget();
  const { account, accountKey, dfsUrl } = target.storage;
  const service = new DataLakeServiceClient(dfsUrl, new StorageSharedKeyCredential(account, accountKey));
  lake = service.getFileSystemClient(`conformance-${randomUUID().slice(0, 8)}`);
  await lake.create();
});

afterAll(async () => {
  await lake?.deleteIfExists();
  await target?.close();
});

beforeEach(() => {
  root = `t-${randomUUID().slice(0, 8)}`;
});

/** Status and code of the refusal, as the client shows it. */
async function refusal(
  work: Promise<unknown>,
): Promise<{ status: number | undefined; code: string | undefined }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RestError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return { status: error.statusCode, code: error.code };
}

async function names(path: string, recursive = true): Promise<string[]> {
  const found: string[] = [];
  for await (const item of lake.listPaths({ path, recursive })) found.push(item.name ?? '');
  return found;
}

async function write(path: string, text = 'x'): Promise<void> {
  await lake.getFileClient(path).upload(Buffer.from(text));
}

async function read(path: string): Promise<string> {
  return (await lake.getFileClient(path).readToBuffer()).toString();
}

describe('a file system', () => {
  test('is made once, described, and found in the list of its account', async () => {
    const { account, accountKey, dfsUrl } = target.storage;
    const service = new DataLakeServiceClient(dfsUrl, new StorageSharedKeyCredential(account, accountKey));
    const fileSystem = service.getFileSystemClient(`conformance-${randomUUID().slice(0, 8)}`);
    await fileSystem.create({ metadata: { purpose: 'test' } });
    expect(await refusal(fileSystem.create())).toEqual({ status: 409, code: 'ContainerAlreadyExists' });
    expect((await fileSystem.getProperties()).metadata).toEqual({ purpose: 'test' });
    const listed: string[] = [];
    for await (const item of service.listFileSystems({ prefix: 'conformance-' })) listed.push(item.name);
    expect(listed).toContain(fileSystem.name);
    await fileSystem.delete();
    expect(await fileSystem.exists()).toBe(false);
  });

  test('that does not exist refuses files and lists', async () => {
    const { account, accountKey, dfsUrl } = target.storage;
    const service = new DataLakeServiceClient(dfsUrl, new StorageSharedKeyCredential(account, accountKey));
    const missing = service.getFileSystemClient('conformance-missing');
    expect(await refusal(missing.getFileClient('a').create())).toEqual({
      status: 404,
      code: 'FilesystemNotFound',
    });
    expect(await refusal(missing.listPaths().next())).toEqual({ status: 404, code: 'FilesystemNotFound' });
  });
});

describe('a file', () => {
  test('shows appended data only after the flush', async () => {
    const file = lake.getFileClient(`${root}/log.txt`);
    await file.create();
    await file.append('hello ', 0, 6);
    await file.append('world', 6, 5);
    expect((await file.getProperties()).contentLength).toBe(0);
    const before = (await file.getProperties()).etag;
    await file.flush(11);
    expect(await read(`${root}/log.txt`)).toBe('hello world');
    expect((await file.getProperties()).etag).not.toBe(before);
  });

  test('takes chunks in any order and grows by a later append', async () => {
    const file = lake.getFileClient(`${root}/chunks`);
    await file.create();
    await file.append('22', 2, 2);
    await file.append('11', 0, 2);
    await file.flush(4);
    await file.append('33', 4, 2);
    await file.flush(6);
    expect(await read(`${root}/chunks`)).toBe('112233');
  });

  test('is not flushed over a gap', async () => {
    const file = lake.getFileClient(`${root}/gap`);
    await file.create();
    await file.append('22', 2, 2);
    expect(await refusal(file.flush(4))).toEqual({ status: 400, code: 'InvalidFlushPosition' });
  });

  test('is uploaded in chunks side by side', async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'abc');
    const file = lake.getFileClient(`${root}/large`);
    await file.upload(bytes, {
      chunkSize: 2 * 1024 * 1024,
      singleUploadThreshold: 1024 * 1024,
      maxConcurrency: 4,
    });
    expect((await file.readToBuffer()).equals(bytes)).toBe(true);
  });

  test('keeps its content headers and metadata', async () => {
    const file = lake.getFileClient(`${root}/typed.json`);
    await file.upload(Buffer.from('{}'), {
      metadata: { source: 'shop', note: 'a b' },
      pathHttpHeaders: { contentType: 'application/json', cacheControl: 'no-store' },
    });
    await file.setMetadata({ source: 'web' });
    const properties = await file.getProperties();
    expect(properties.contentType).toBe('application/json');
    expect(properties.cacheControl).toBe('no-store');
    expect(properties.metadata).toMatchObject({ source: 'web' });
    expect(await read(`${root}/typed.json`)).toBe('{}');
  });

  test('is read by range', async () => {
    await write(`${root}/digits`, '0123456789');
    const file = lake.getFileClient(`${root}/digits`);
    expect((await file.readToBuffer(3, 4)).toString()).toBe('3456');
    const tail = await file.read(7);
    expect(tail.contentRange).toBe('bytes 7-9/10');
    expect(await refusal(file.read(10, 1))).toEqual({ status: 416, code: 'InvalidRange' });
  });

  test('is made only if absent when asked so', async () => {
    const file = lake.getFileClient(`${root}/once`);
    await file.create({ conditions: { ifNoneMatch: '*' } });
    expect(await refusal(file.create({ conditions: { ifNoneMatch: '*' } }))).toEqual({
      status: 409,
      code: 'PathAlreadyExists',
    });
    expect((await file.createIfNotExists()).succeeded).toBe(false);
  });

  test('is replaced by a create without a condition', async () => {
    await write(`${root}/again`, 'old');
    await lake.getFileClient(`${root}/again`).create();
    expect(await read(`${root}/again`)).toBe('');
  });

  test('answers reads and deletes under a wrong etag with 412', async () => {
    await write(`${root}/guarded`);
    const file = lake.getFileClient(`${root}/guarded`);
    const { etag } = await file.getProperties();
    const stale = { ifMatch: '"0x8000000000000000"' };
    expect(await refusal(file.read(0, undefined, { conditions: stale }))).toEqual({
      status: 412,
      code: 'ConditionNotMet',
    });
    expect(await refusal(file.delete(false, { conditions: stale }))).toEqual({
      status: 412,
      code: 'ConditionNotMet',
    });
    await file.delete(false, { conditions: { ifMatch: etag ?? '' } });
    expect(await file.exists()).toBe(false);
  });

  test('that does not exist is PathNotFound', async () => {
    expect(await refusal(lake.getFileClient(`${root}/none`).delete())).toEqual({
      status: 404,
      code: 'PathNotFound',
    });
    expect(await lake.getFileClient(`${root}/none`).exists()).toBe(false);
  });

  test('has no files below it', async () => {
    await write(`${root}/leaf`);
    expect(await refusal(lake.getFileClient(`${root}/leaf/below`).create())).toEqual({
      status: 409,
      code: 'PathConflict',
    });
  });
});

describe('a directory', () => {
  test('is known as one, with its metadata', async () => {
    const directory = lake.getDirectoryClient(`${root}/d`);
    await directory.create({ metadata: { owner: 'shop' } });
    const properties = await directory.getProperties();
    expect(properties.metadata).toMatchObject({ hdi_isfolder: 'true', owner: 'shop' });
    expect((await directory.createIfNotExists()).succeeded).toBe(false);
  });

  test('appears with the files that are made below it', async () => {
    await write(`${root}/x/y/z.txt`);
    expect(await names(root)).toEqual([`${root}/x`, `${root}/x/y`, `${root}/x/y/z.txt`]);
  });

  test('is deleted only with all below it, and only when asked so', async () => {
    await write(`${root}/full/a`);
    const directory = lake.getDirectoryClient(`${root}/full`);
    expect(await refusal(directory.delete(false))).toEqual({ status: 409, code: 'DirectoryNotEmpty' });
    await directory.delete(true);
    expect(await directory.exists()).toBe(false);
    expect(await lake.getFileClient(`${root}/full/a`).exists()).toBe(false);
  });
});

describe('a rename', () => {
  test('moves a file with its properties', async () => {
    const file = lake.getFileClient(`${root}/from`);
    await file.upload(Buffer.from('moved'), { metadata: { kept: 'yes' } });
    await file.move(`${root}/to`);
    expect(await read(`${root}/to`)).toBe('moved');
    expect((await lake.getFileClient(`${root}/to`).getProperties()).metadata).toMatchObject({ kept: 'yes' });
    expect(await file.exists()).toBe(false);
  });

  test('moves a directory with all below it', async () => {
    await write(`${root}/old/a/1`);
    await write(`${root}/old/2`);
    await lake.getDirectoryClient(`${root}/old`).move(`${root}/new`);
    expect(await names(root)).toEqual([`${root}/new`, `${root}/new/2`, `${root}/new/a`, `${root}/new/a/1`]);
  });

  test('replaces a file, unless its conditions say no', async () => {
    await write(`${root}/a`, 'a');
    await write(`${root}/b`, 'b');
    const file = lake.getFileClient(`${root}/a`);
    expect(await refusal(file.move(`${root}/b`, { destinationConditions: { ifNoneMatch: '*' } }))).toEqual({
      status: 409,
      code: 'PathAlreadyExists',
    });
    expect(
      await refusal(file.move(`${root}/b`, { conditions: { ifMatch: '"0x8000000000000000"' } })),
    ).toEqual({
      status: 412,
      code: 'SourceConditionNotMet',
    });
    await file.move(`${root}/b`);
    expect(await read(`${root}/b`)).toBe('a');
  });

  test('of what is not there, or to a missing parent, is refused', async () => {
    await write(`${root}/here`);
    expect(await refusal(lake.getFileClient(`${root}/gone`).move(`${root}/x`))).toEqual({
      status: 404,
      code: 'SourcePathNotFound',
    });
    expect(await refusal(lake.getFileClient(`${root}/here`).move(`${root}/no/such/x`))).toEqual({
      status: 404,
      code: 'RenameDestinationParentPathNotFound',
    });
  });

  test('keeps names that need encoding', async () => {
    await write(`${root}/ü #1%.txt`, 'odd');
    await lake.getFileClient(`${root}/ü #1%.txt`).move(encodeURI(`${root}/é 100%`));
    expect(await names(root)).toEqual([`${root}/é 100%`]);
  });
});

describe('a list', () => {
  test('comes in pages and goes on where it stopped', async () => {
    const paths = Array.from({ length: 7 }, (_, index) => `${root}/${index}`);
    await Promise.all(paths.map((path) => write(path)));
    const pages: string[][] = [];
    for await (const page of lake.listPaths({ path: root, recursive: true }).byPage({ maxPageSize: 3 })) {
      pages.push((page.pathItems ?? []).map((item) => item.name ?? ''));
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(paths);
  });

  test('says size, kind and etag of each path', async () => {
    await write(`${root}/d/file`, '12345');
    const items = [];
    for await (const item of lake.listPaths({ path: root, recursive: true })) items.push(item);
    const { etag } = await lake.getFileClient(`${root}/d/file`).getProperties();
    expect(items.map(({ isDirectory, contentLength }) => [isDirectory ?? false, contentLength])).toEqual([
      [true, 0],
      [false, 5],
    ]);
    expect(items[1]?.etag).toBe(etag?.replaceAll('"', ''));
    expect(items[1]?.lastModified).toBeInstanceOf(Date);
  });

  test('stops at folders when it is not recursive', async () => {
    await write(`${root}/d/deep`);
    await write(`${root}/file`);
    expect(await names(root, false)).toEqual([`${root}/d`, `${root}/file`]);
  });

  test('of a missing directory is PathNotFound', async () => {
    expect(await refusal(names(`${root}/missing`))).toEqual({ status: 404, code: 'PathNotFound' });
  });
});

describe('access control', () => {
  test('is kept as it was set', async () => {
    const file = lake.getFileClient(`${root}/acl`);
    await file.create();
    await file.setPermissions({
      owner: { read: true, write: true, execute: true },
      group: { read: true, write: false, execute: false },
      other: { read: false, write: false, execute: false },
      stickyBit: false,
      extendedAcls: false,
    });
    const { permissions, owner } = await file.getAccessControl();
    expect(permissions?.group).toEqual({ read: true, write: false, execute: false });
    expect(owner).toBeTruthy();
  });

  test('is set on a whole tree', async () => {
    await write(`${root}/tree/a`);
    const scope = { accessControlType: 'user', entityId: '', defaultScope: false } as const;
    const { counters } = await lake
      .getDirectoryClient(`${root}/tree`)
      .updateAccessControlRecursive([{ ...scope, permissions: { read: true, write: true, execute: true } }]);
    expect(counters).toMatchObject({
      changedDirectoriesCount: 1,
      changedFilesCount: 1,
      failedChangesCount: 0,
    });
  });
});

describe('a token credential', () => {
  test('reads, writes and deletes over TLS, page by page', async () => {
    const service = new DataLakeServiceClient(target.storage.dfsTokenUrl, target.credential);
    const fileSystem = service.getFileSystemClient(lake.name);
    await fileSystem.getFileClient(`${root}/token/a`).upload(Buffer.from('by token'));
    await fileSystem.getFileClient(`${root}/token/a`).move(`${root}/token/b`);
    expect((await fileSystem.getFileClient(`${root}/token/b`).readToBuffer()).toString()).toBe('by token');
    await fileSystem.getDirectoryClient(`${root}/token`).delete(true);
    expect(await fileSystem.getDirectoryClient(`${root}/token`).exists()).toBe(false);
  });
});
