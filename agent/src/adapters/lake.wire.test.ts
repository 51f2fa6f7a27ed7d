import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataLakeServiceClient } from '@azure/storage-file-datalake';
import type { LakeFiles } from '@lakewarden/core';
import type { LakeStorage } from '@lakewarden/delta';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStorageHttpClient } from './azure-routes.ts';
import { createCredential } from './credential.ts';
import type { LakeAccountOptions } from './lake-account.ts';
import { createLakeFiles } from './lake-files.ts';
import { createLakeStorage } from './lake-storage.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { makeGuards } from './testing/guards.ts';
import { type LocalAzure, startLocalAzure } from './testing/local-azure.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (body: Uint8Array | undefined) =>
  body === undefined ? undefined : new TextDecoder().decode(body);
const never = new AbortController().signal;

/** The waits of retries are not slept. */
const clock = { now: systemClock.now, sleep: async () => undefined };

describe('the lake over the wire', () => {
  let azure: LocalAzure;
  let account: LakeAccountOptions;
  let storage: LakeStorage;
  let dir = '';

  beforeAll(async () => {
    azure = await startLocalAzure();
    dir = await mkdtemp(join(tmpdir(), 'lake-wire-'));
    const credential = createCredential();
    const { routes } = azure;
    account = {
      account: 'retaillake',
      fileSystem: 'lake',
      credential,
      routes,
      guard: makeGuards(clock).guards.storage,
      requestTimeoutMs: 5_000,
    };
    const httpClient = createStorageHttpClient(routes);
    const service = new DataLakeServiceClient('https://retaillake.dfs.core.windows.net', credential, {
      ...(httpClient && { httpClient }),
    });
    await service.getFileSystemClient('lake').createIfNotExists();
  });
  beforeEach(() => {
    // A guard of its own for each test: the budget of retries is shared by all that use one.
    account = { ...account, guard: makeGuards(clock).guards.storage };
    storage = createLakeStorage(account);
  });
  afterEach(() => azure.clearFaults());
  afterAll(async () => {
    await azure?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const blobFault = (method: string, path: string, action: object, more: object = {}) =>
    azure.fault({ service: 'storage', match: { method, path }, action, ...more });

  describe('an object', () => {
    test('is created once; whoever comes second learns that it exists', async () => {
      expect(await storage.putIfAbsent('t/once.json', bytes('first'))).toEqual({ kind: 'created' });
      expect(await storage.putIfAbsent('t/once.json', bytes('second'))).toEqual({ kind: 'exists' });
      expect(text(await storage.read('t/once.json'))).toBe('first');
    });

    test('is created by exactly one of many who race for it', async () => {
      const racers = Array.from({ length: 16 }, (_, i) => storage.putIfAbsent('t/race.json', bytes(`${i}`)));
      const outcomes = (await Promise.all(racers)).map((outcome) => outcome.kind);
      expect(outcomes.filter((kind) => kind === 'created')).toHaveLength(1);
      expect(outcomes.filter((kind) => kind === 'exists')).toHaveLength(15);
    });

    test('is read whole, in part, and known to be absent', async () => {
      await storage.put('t/_slice=2011-12-01/read.bin', bytes('0123456789'));
      expect(text(await storage.read('t/_slice=2011-12-01/read.bin'))).toBe('0123456789');
      const range = { offset: 2, length: 3 };
      expect(text(await storage.read('t/_slice=2011-12-01/read.bin', { range }))).toBe('234');
      expect(await storage.read('t/none')).toBeUndefined();
      expect(await storage.read('none/at/all', { range })).toBeUndefined();
    });

    test('is replaced by put and gone after delete, which may be repeated', async () => {
      await storage.put('t/hint', bytes('1'));
      await storage.put('t/hint', bytes('2'));
      expect(text(await storage.read('t/hint'))).toBe('2');
      await storage.delete('t/hint');
      await storage.delete('t/hint');
      expect(await storage.read('t/hint')).toBeUndefined();
    });

    test('may be empty', async () => {
      await storage.put('t/empty', new Uint8Array(0));
      expect(await storage.read('t/empty')).toEqual(new Uint8Array(0));
    });
  });

  describe('a put-if-absent that meets trouble', () => {
    test('is unknown, and not sent again, when the connection breaks before the effect', async () => {
      await blobFault('PUT', 'b1.json', { kind: 'drop', when: 'before' }, { count: 1 });
      expect(await storage.putIfAbsent('t/b1.json', bytes('x'))).toMatchObject({ kind: 'unknown' });
      expect(await storage.read('t/b1.json')).toBeUndefined();
    });

    test('is unknown when the answer is lost after the effect', async () => {
      await blobFault('PUT', 'b2.json', { kind: 'drop', when: 'after' }, { count: 1 });
      expect(await storage.putIfAbsent('t/b2.json', bytes('x'))).toMatchObject({ kind: 'unknown' });
      expect(text(await storage.read('t/b2.json'))).toBe('x');
    });

    test('is unknown when no answer comes in time', async () => {
      const impatient = createLakeStorage({ ...account, requestTimeoutMs: 200 });
      await impatient.read('t/warm-the-token');
      await blobFault('PUT', 'b3.json', { kind: 'hold', when: 'after' });
      const outcome = await impatient.putIfAbsent('t/b3.json', bytes('x'));
      expect(outcome).toMatchObject({ kind: 'unknown', cause: { code: 'timeout' } });
    });

    test('is unknown when the service failed on the way (500)', async () => {
      await blobFault('PUT', 'b4.json', { kind: 'error', status: 500, code: 'InternalError', when: 'after' });
      expect(await storage.putIfAbsent('t/b4.json', bytes('x'))).toMatchObject({ kind: 'unknown' });
    });

    test('is a failure with the asked wait when the service is busy, and nothing was written', async () => {
      const action = { kind: 'error', status: 503, code: 'ServerBusy', retryAfterS: 3 };
      await blobFault('PUT', 'b5.json', action, { count: 1 });
      await expect(storage.putIfAbsent('t/b5.json', bytes('x'))).rejects.toMatchObject({
        name: 'TransientError',
        code: 'unavailable',
        retryAfterMs: 3_000,
      });
      expect(await storage.read('t/b5.json')).toBeUndefined();
    });

    test('is never sent when the caller has left', async () => {
      const left = storage.putIfAbsent('t/b6.json', bytes('x'), { signal: AbortSignal.abort() });
      await expect(left).rejects.toMatchObject({ code: 'cancelled' });
      expect(await storage.read('t/b6.json')).toBeUndefined();
    });
  });

  describe('calls that may be repeated', () => {
    test('survive three failures in a row', async () => {
      await storage.put('t/flaky', bytes('x'));
      await blobFault('GET', 'flaky', { kind: 'error', status: 503 }, { count: 2 });
      await blobFault('GET', 'flaky', { kind: 'drop', when: 'after' }, { count: 1 });
      expect(text(await storage.read('t/flaky'))).toBe('x');
    });

    test('give up at the fourth (I8)', async () => {
      await blobFault('GET', 'dead', { kind: 'error', status: 503 });
      await expect(storage.read('t/dead')).rejects.toMatchObject({ name: 'TransientError' });
    });

    test('do not repeat what is refused', async () => {
      await blobFault('GET', 'denied', { kind: 'error', status: 403, code: 'AuthorizationFailure' });
      await expect(storage.read('t/denied')).rejects.toMatchObject({
        name: 'TerminalError',
        code: 'unauthorized',
      });
    });

    test('a lake without its file system is an error, not an empty lake', async () => {
      const nowhere = createLakeStorage({ ...account, fileSystem: 'nowhere' });
      await expect(nowhere.read('t/x')).rejects.toMatchObject({ name: 'TerminalError', code: 'not-found' });
    });
  });

  describe('a listing', () => {
    const paths = async (prefix: string, startAfter?: string) => {
      const objects = storage.list(prefix, startAfter === undefined ? {} : { startAfter });
      return (await Array.fromAsync(objects)).map((object) => object.path);
    };

    test('is in byte order across folders, holds files only, and begins after the asked path', async () => {
      for (const path of ['l/a/x', 'l/a-b', 'l/a.b', 'l/a/y/z', 'l/b', 'lz'])
        await storage.put(path, bytes('12'));
      expect(await paths('l')).toEqual(['l/a-b', 'l/a.b', 'l/a/x', 'l/a/y/z', 'l/b']);
      expect(await paths('l', 'l/a.b')).toEqual(['l/a/x', 'l/a/y/z', 'l/b']);
      expect(await paths('l', 'l/a/x')).toEqual(['l/a/y/z', 'l/b']);
      expect(await paths('l', 'l/b')).toEqual([]);
      const [first] = await Array.fromAsync(storage.list('l'));
      expect(first).toMatchObject({ bytes: 2 });
      expect(first?.modifiedMs).toBeGreaterThan(0);
    });

    test('of a folder that is not there is empty', async () => {
      expect(await paths('no/such/folder')).toEqual([]);
    });
  });

  describe('files', () => {
    let files: LakeFiles;
    beforeAll(async () => {
      const bounds = { random: systemRandom, spoolBytesMax: 200_000_000, singlePutBytesMax: 4_000_000 };
      files = await createLakeFiles({ ...account, spoolDir: join(dir, 'spool'), ...bounds });
    });

    const fresh = (name: string) =>
      createLakeFiles({
        ...account,
        random: systemRandom,
        spoolDir: join(dir, name),
        spoolBytesMax: 200_000_000,
      });

    async function stored(path: string, size: number): Promise<string> {
      const scratch = await files.scratch();
      const local = join(scratch.dir, 'out.parquet');
      await writeFile(local, Buffer.alloc(size, path));
      await files.store(local, path, never);
      await scratch.release();
      return local;
    }

    test('what was stored is in the lake, and served from the spool without a download', async () => {
      await stored('f/_slice=2011-12-01/a.parquet', 5_000);
      await blobFault('GET', 'a.parquet', { kind: 'error', status: 500 });
      const local = await files.fetch('f/_slice=2011-12-01/a.parquet', 5_000, never);
      expect((await readFile(local)).byteLength).toBe(5_000);
    });

    test('a file that was stored elsewhere is downloaded once for all who ask', async () => {
      await stored('f/b.parquet', 3_000_000);
      const other = await fresh('other');
      const asked = Array.from({ length: 5 }, () => other.fetch('f/b.parquet', 3_000_000, never));
      const locals = new Set(await Promise.all(asked));
      expect(locals.size).toBe(1);
      const [local = ''] = locals;
      expect((await readFile(local)).equals(Buffer.alloc(3_000_000, 'f/b.parquet'))).toBe(true);
    });

    test('a broken transfer is repeated and never leaves half a file', async () => {
      await stored('f/c.parquet', 100_000);
      const other = await fresh('broken');
      await blobFault('GET', 'c.parquet', { kind: 'drop', when: 'after' }, { count: 2 });
      expect((await readFile(await other.fetch('f/c.parquet', 100_000, never))).byteLength).toBe(100_000);
    });

    test('a file of another size, or none, is refused', async () => {
      await stored('f/d.parquet', 10);
      const other = await fresh('strict');
      await expect(other.fetch('f/d.parquet', 11, never)).rejects.toMatchObject({ code: 'corrupt' });
      await expect(other.fetch('f/none.parquet', 11, never)).rejects.toMatchObject({ code: 'not-found' });
      expect(existsSync(join(dir, 'strict/lake/f/d.parquet'))).toBe(false);
    });

    test('storing again is harmless, also when the answer of the first was lost', async () => {
      const scratch = await files.scratch();
      const local = join(scratch.dir, 'out');
      await writeFile(local, 'content');
      await blobFault('PUT', 'e.parquet', { kind: 'drop', when: 'after' }, { count: 1 });
      await files.store(local, 'f/e.parquet', never);
      await files.store(local, 'f/e.parquet', never);
      await scratch.release();
      expect(text(await storage.read('f/e.parquet'))).toBe('content');
    });

    test('a file above the bound of one request is appended in parts and arrives whole', async () => {
      const size = 20_000_000;
      await stored('f/large.parquet', size);
      const other = await fresh('large');
      const local = await other.fetch('f/large.parquet', size, never);
      expect((await readFile(local)).equals(Buffer.alloc(size, 'f/large.parquet'))).toBe(true);
    });

    test('what a batch brought is listed with its sizes', async () => {
      await stored('landing/stores/2011-12-10/1-n/stores.json', 7);
      expect(await files.list('landing/stores/2011-12-10/1-n', never)).toMatchObject([
        { path: 'landing/stores/2011-12-10/1-n/stores.json', bytes: 7 },
      ]);
      expect(await files.list('landing/none', never)).toEqual([]);
    });
  });
});
