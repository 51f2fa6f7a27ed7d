import { describe, expect, it } from 'vitest';
import type { LakeStorage } from './lake-storage.ts';
import { memoryStorage, type StorageFault, seededFaults } from './memory-storage.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function textOf(storage: LakeStorage, path: string): Promise<string | undefined> {
  const body = await storage.read(path);
  return body === undefined ? undefined : Buffer.from(body).toString();
}

async function pathsOf(storage: LakeStorage, prefix: string, startAfter?: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of storage.list(prefix, { ...(startAfter && { startAfter }) })) paths.push(path);
  return paths;
}

function failingOnce(fault: StorageFault) {
  let left = 1;
  return memoryStorage({ faults: () => (left-- > 0 ? fault : undefined) });
}

describe('the storage in memory', () => {
  it('creates each path at most once and reads what was put', async () => {
    const storage = memoryStorage();
    expect(await storage.putIfAbsent('a/x', bytes('one'))).toEqual({ kind: 'created' });
    expect(await storage.putIfAbsent('a/x', bytes('two'))).toEqual({ kind: 'exists' });
    expect(await textOf(storage, 'a/x')).toBe('one');
    expect(await storage.read('a/x', { range: { offset: 1, length: 2 } })).toEqual(
      Uint8Array.from(bytes('ne')),
    );
    await storage.put('a/x', bytes('three'));
    expect(await textOf(storage, 'a/x')).toBe('three');
    await storage.delete('a/x');
    await storage.delete('a/x');
    expect(await storage.read('a/x')).toBeUndefined();
  });

  it('keeps its own copy of what it is given and of what it gives', async () => {
    const storage = memoryStorage();
    const given = bytes('one');
    await storage.put('a', given);
    given[0] = 0;
    (await storage.read('a'))?.fill(0);
    expect(await textOf(storage, 'a')).toBe('one');
  });

  it('lists below a folder, in order, after a place', async () => {
    const storage = memoryStorage();
    for (const path of ['a/2', 'a/10', 'a/b/1', 'ab/1']) storage.seed(path, 'x');
    expect(await pathsOf(storage, 'a')).toEqual(['a/10', 'a/2', 'a/b/1']);
    expect(await pathsOf(storage, 'a/', 'a/10')).toEqual(['a/2', 'a/b/1']);
  });

  it.each([
    ['lost-before', 'unknown', undefined],
    ['lost-after', 'unknown', 'one'],
    ['late', 'unknown', 'one'],
    ['repeated', 'exists', 'one'],
  ] as const)('answers a put that is %s with %s', async (fault, kind, found) => {
    const storage = failingOnce(fault);
    expect(await storage.putIfAbsent('a', bytes('one'))).toMatchObject({ kind });
    expect(await textOf(storage, 'a')).toBe(found);
  });

  it('does nothing when it is unavailable', async () => {
    const storage = failingOnce('unavailable');
    await expect(storage.putIfAbsent('a', bytes('one'))).rejects.toThrow(
      expect.objectContaining({ name: 'TransientError', code: 'unavailable' }),
    );
    expect(await storage.read('a')).toBeUndefined();
  });

  it('lets a late put lose against one that came after it', async () => {
    const storage = memoryStorage({ faults: ({ number }) => (number === 1 ? 'late' : undefined) });
    await storage.putIfAbsent('a', bytes('late'));
    expect(await storage.putIfAbsent('a', bytes('next'))).toEqual({ kind: 'exists' });
    expect(await textOf(storage, 'a')).toBe('late');
  });

  it('plans the same faults for the same seed, and no more than it may', () => {
    const plan = (seed: number) => {
      const faults = seededFaults({ seed, rate: 0.5, countMax: 5 });
      return Array.from({ length: 40 }, (_, i) => faults({ operation: 'put', path: 'a', number: i }));
    };
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
    expect(plan(7).filter((fault) => fault !== undefined)).toHaveLength(5);
  });
});
