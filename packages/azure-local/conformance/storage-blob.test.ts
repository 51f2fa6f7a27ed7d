/** The blob endpoint as the unpatched @azure/storage-blob sees it, on the namespace of the DFS endpoint. */
import { createHash, randomUUID } from 'node:crypto';
import { RestError } from '@azure/core-rest-pipeline';
import {
  AnonymousCredential,
  BlobServiceClient,
  type ContainerClient,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConformanceTarget, startTarget } from './support/target.ts';

let target: ConformanceTarget;
let container: ContainerClient;
let root: string;

beforeAll(async () => {
  target = await startTarget();
  const { account, accountKey, blobUrl } = target.storage;
  const service = new BlobServiceClient(blobUrl, new StorageSharedKeyCredential(account, accountKey));
  container = service.getContainerClient(`conformance-${randomUUID().slice(0, 8)}`);
  await container.create();
});

afterAll(async () => {
  await container?.deleteIfExists();
  await target?.close();
});

beforeEach(() => {
  root = `t-${randomUUID().slice(0, 8)}`;
});

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

async function put(name: string, text = 'x', options = {}) {
  return container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), options);
}

describe('one single-shot upload', () => {
  test('with If-None-Match: * has one winner, whose bytes stay', async () => {
    const name = `${root}/_delta_log/00000000000000000000.json`;
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        put(name, `writer ${index}`, { conditions: { ifNoneMatch: '*' } }),
      ),
    );
    const winners = attempts.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') {
        expect(attempt.reason).toMatchObject({ statusCode: 409, code: 'BlobAlreadyExists' });
      }
    }
    expect((await container.getBlobClient(name).downloadToBuffer()).toString()).toBe(`writer ${winners[0]}`);
  });

  test('with If-Match replaces only what it has seen', async () => {
    const name = `${root}/guarded`;
    const { etag } = await put(name, 'one');
    const second = await put(name, 'two', { conditions: { ifMatch: etag } });
    expect(second.etag).not.toBe(etag);
    expect(await refusal(put(name, 'three', { conditions: { ifMatch: etag } }))).toEqual({
      status: 412,
      code: 'ConditionNotMet',
    });
    expect(await refusal(put(`${root}/absent`, 'x', { conditions: { ifMatch: '"0x8"' } }))).toEqual({
      status: 412,
      code: 'ConditionNotMet',
    });
  });

  test('keeps headers and metadata and drops those of what it replaces', async () => {
    const name = `${root}/typed`;
    await put(name, 'a', { metadata: { a: '1' }, blobHTTPHeaders: { blobContentType: 'text/plain' } });
    expect(await container.getBlobClient(name).getProperties()).toMatchObject({
      contentType: 'text/plain',
      metadata: { a: '1' },
      blobType: 'BlockBlob',
    });
    await put(name, 'b');
    const properties = await container.getBlobClient(name).getProperties();
    expect(properties.contentType).toBe('application/octet-stream');
    expect(properties.metadata).toEqual({});
  });

  test('is refused when its checksum does not fit', async () => {
    const md5 = (text: string) => createHash('md5').update(text).digest();
    const blob = container.getBlockBlobClient(`${root}/sum`);
    await blob.upload('sum', 3, { transactionalContentMD5: md5('sum') });
    expect(await refusal(blob.upload('sum', 3, { transactionalContentMD5: md5('other') }))).toEqual({
      status: 400,
      code: 'Md5Mismatch',
    });
  });

  test('can not replace a directory', async () => {
    await put(`${root}/d/file`);
    expect((await refusal(put(`${root}/d`))).status).toBe(409);
  });
});

describe('an upload in blocks', () => {
  test('appears whole when the list is put, and never before', async () => {
    const blob = container.getBlockBlobClient(`${root}/blocks`);
    const ids = ['001', '002', '003'].map((id) => Buffer.from(id).toString('base64'));
    for (const [index, id] of ids.entries()) await blob.stageBlock(id, `part${index} `, 6);
    expect(await blob.exists()).toBe(false);
    await blob.commitBlockList(ids.toReversed());
    expect((await blob.downloadToBuffer()).toString()).toBe('part2 part1 part0 ');
    const { committedBlocks } = await blob.getBlockList('all');
    expect(committedBlocks?.map(({ name }) => name)).toEqual(ids.toReversed());
  });

  test('reuses committed blocks and refuses unknown ones', async () => {
    const blob = container.getBlockBlobClient(`${root}/reuse`);
    const [one = '', two = ''] = ['1', '2'].map((id) => Buffer.from(id).toString('base64'));
    await blob.stageBlock(one, 'one ', 4);
    await blob.commitBlockList([one]);
    await blob.stageBlock(two, 'two', 3);
    await blob.commitBlockList([one, two]);
    expect((await blob.downloadToBuffer()).toString()).toBe('one two');
    const unknown = Buffer.from('9').toString('base64');
    expect(await refusal(blob.commitBlockList([unknown]))).toEqual({ status: 400, code: 'InvalidBlockList' });
  });

  test('is what the SDK does with large data', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'large ');
    const blob = container.getBlockBlobClient(`${root}/large`);
    await blob.uploadData(bytes, {
      blockSize: 4 * 1024 * 1024,
      maxSingleShotSize: 1024 * 1024,
      concurrency: 4,
    });
    expect((await blob.downloadToBuffer(0, undefined, { blockSize: 4 * 1024 * 1024 })).equals(bytes)).toBe(
      true,
    );
  });

  test('takes If-None-Match on the list', async () => {
    const blob = container.getBlockBlobClient(`${root}/once`);
    const id = Buffer.from('1').toString('base64');
    await put(`${root}/once`);
    await blob.stageBlock(id, 'late', 4);
    expect(await refusal(blob.commitBlockList([id], { conditions: { ifNoneMatch: '*' } }))).toEqual({
      status: 409,
      code: 'BlobAlreadyExists',
    });
  });
});

describe('a read', () => {
  test('streams what is large', async () => {
    const bytes = Buffer.alloc(6 * 1024 * 1024, 'stream');
    await container.getBlockBlobClient(`${root}/stream`).upload(bytes, bytes.length);
    const answer = await container.getBlobClient(`${root}/stream`).download();
    const chunks: Buffer[] = [];
    for await (const chunk of answer.readableStreamBody ?? []) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  test('takes ranges and refuses those outside', async () => {
    await put(`${root}/digits`, '0123456789');
    const blob = container.getBlobClient(`${root}/digits`);
    expect((await blob.downloadToBuffer(2, 3)).toString()).toBe('234');
    expect(await refusal(blob.download(10, 1))).toEqual({ status: 416, code: 'InvalidRange' });
    await put(`${root}/empty`, '');
    expect(await refusal(container.getBlobClient(`${root}/empty`).download(0, 1))).toEqual({
      status: 416,
      code: 'InvalidRange',
    });
  });

  test('answers conditions with 304 and 412', async () => {
    const { etag = '', lastModified = new Date(0) } = await put(`${root}/seen`);
    const blob = container.getBlobClient(`${root}/seen`);
    const read = (conditions: object) => blob.download(0, undefined, { conditions });
    expect((await refusal(read({ ifNoneMatch: etag }))).status).toBe(304);
    expect((await refusal(read({ ifModifiedSince: lastModified }))).status).toBe(304);
    expect(await refusal(read({ ifMatch: '"0x8"' }))).toEqual({ status: 412, code: 'ConditionNotMet' });
    expect(await refusal(read({ ifUnmodifiedSince: new Date(lastModified.getTime() - 60_000) }))).toEqual({
      status: 412,
      code: 'ConditionNotMet',
    });
    expect((await read({ ifMatch: etag, ifUnmodifiedSince: lastModified })).etag).toBe(etag);
  });

  test('of what is not there says BlobNotFound', async () => {
    expect(await refusal(container.getBlobClient(`${root}/none`).download())).toEqual({
      status: 404,
      code: 'BlobNotFound',
    });
    expect(await container.getBlobClient(`${root}/none`).exists()).toBe(false);
  });
});

describe('a list', () => {
  test('goes by name, by prefix, and in pages', async () => {
    for (const name of ['b', 'a/2', 'a/1', 'a-1', 'c']) await put(`${root}/${name}`);
    const flat: string[] = [];
    for await (const blob of container.listBlobsFlat({ prefix: `${root}/` }))
      flat.push(blob.name.slice(root.length + 1));
    expect(flat.filter((name) => name !== 'a')).toEqual(['a-1', 'a/1', 'a/2', 'b', 'c']);
    const byPrefix: string[] = [];
    for await (const blob of container.listBlobsFlat({ prefix: `${root}/a/` })) byPrefix.push(blob.name);
    expect(byPrefix).toEqual([`${root}/a/1`, `${root}/a/2`]);
    const sizes: number[] = [];
    for await (const page of container.listBlobsFlat({ prefix: `${root}/a/` }).byPage({ maxPageSize: 1 })) {
      sizes.push(page.segment.blobItems.length);
    }
    expect(sizes).toEqual([1, 1]);
  });

  test('shows folders as prefixes when it goes by hierarchy', async () => {
    for (const name of ['d/1', 'e', 'f&g']) await put(`${root}/${name}`, 'x', { metadata: { k: 'v&w' } });
    const items: string[] = [];
    const options = { prefix: `${root}/`, includeMetadata: true };
    for await (const item of container.listBlobsByHierarchy('/', options)) {
      items.push(item.kind === 'prefix' ? `${item.name}` : `${item.name} ${item.metadata?.k}`);
    }
    expect(items.sort()).toEqual([`${root}/d/`, `${root}/e v&w`, `${root}/f&g v&w`]);
  });
});

describe('a blob', () => {
  test('is copied within the account, also only if absent', async () => {
    await put(`${root}/source`, 'copied', { metadata: { a: '1' } });
    const source = container.getBlobClient(`${root}/source`).url;
    const copy = container.getBlobClient(`${root}/copy`);
    await (await copy.beginCopyFromURL(source)).pollUntilDone();
    expect((await copy.downloadToBuffer()).toString()).toBe('copied');
    expect(await refusal(copy.beginCopyFromURL(source, { conditions: { ifNoneMatch: '*' } }))).toEqual({
      status: 409,
      code: 'BlobAlreadyExists',
    });
  });

  test('is deleted under its condition', async () => {
    await put(`${root}/gone`);
    const blob = container.getBlobClient(`${root}/gone`);
    expect(await refusal(blob.delete({ conditions: { ifMatch: '"0x8"' } }))).toEqual({
      status: 412,
      code: 'ConditionNotMet',
    });
    await blob.delete();
    expect(await blob.exists()).toBe(false);
  });

  test('goes with others in one batch, each with its own outcome', async () => {
    await Promise.all(['1', '2'].map((name) => put(`${root}/batch/${name}`)));
    const { account, accountKey, blobUrl } = target.storage;
    const credential = new StorageSharedKeyCredential(account, accountKey);
    const batch = new BlobServiceClient(blobUrl, credential).getBlobBatchClient();
    const urls = ['1', 'missing', '2'].map((name) => container.getBlobClient(`${root}/batch/${name}`).url);
    const { subResponses } = await batch.deleteBlobs(urls, credential);
    expect(subResponses.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [202, undefined],
      [404, 'BlobNotFound'],
      [202, undefined],
    ]);
  });

  test('gets a new etag with new metadata', async () => {
    const { etag } = await put(`${root}/meta`);
    const blob = container.getBlobClient(`${root}/meta`);
    const changed = await blob.setMetadata({ a: '1' });
    expect(changed.etag).not.toBe(etag);
    expect((await blob.getProperties()).metadata).toEqual({ a: '1' });
    await blob.setHTTPHeaders({ blobContentType: 'text/csv' });
    expect((await blob.getProperties()).contentType).toBe('text/csv');
  });
});

describe('the door', () => {
  test('is shut to a wrong key, a wrong token, and to nobody', async () => {
    const { account, blobUrl, blobTokenUrl } = target.storage;
    const wrongKey = Buffer.alloc(64, 1).toString('base64');
    const byKey = new BlobServiceClient(blobUrl, new StorageSharedKeyCredential(account, wrongKey));
    expect(await refusal(byKey.getContainerClient(container.containerName).getProperties())).toMatchObject({
      status: 403,
    });
    const token = { token: 'e30.e30.', expiresOnTimestamp: Date.now() + 3_600_000 };
    const byToken = new BlobServiceClient(blobTokenUrl, { getToken: async () => token });
    expect(await refusal(byToken.getContainerClient(container.containerName).getProperties())).toMatchObject({
      status: 401,
    });
    const byNobody = new BlobServiceClient(blobUrl, new AnonymousCredential());
    expect(
      (await refusal(byNobody.getContainerClient(container.containerName).listBlobsFlat().next())).status,
    ).toBeGreaterThanOrEqual(401);
  });

  test('opens to a token credential over TLS', async () => {
    const service = new BlobServiceClient(target.storage.blobTokenUrl, target.credential);
    const blob = service.getContainerClient(container.containerName).getBlockBlobClient(`${root}/token`);
    await blob.upload('t', 1, { conditions: { ifNoneMatch: '*' } });
    expect((await blob.downloadToBuffer()).toString()).toBe('t');
  });
});
