import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type LakeFolder, lakeFolder, requireLake } from './lake-folder.ts';
import { lockLake } from './lake-lock.ts';
import { type LakeMode, readMode, settleMode } from './lake-mode.ts';

const root = mkdtempSync(join(tmpdir(), 'lake-mode-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let lakes = 0;
const newLake = (): LakeFolder => lakeFolder(join(root, `lake-${lakes++}`));
const GENERATED: LakeMode = { kind: 'generated', asOf: '2026-01-15', seed: 1 };
const DATA: LakeMode = { kind: 'data', asOf: '2011-12-10', seed: 1 };

describe('what feeds a lake', () => {
  it('is decided by the first up and meant by every later one', () => {
    const folder = newLake();
    expect(readMode(folder)).toBeUndefined();
    settleMode(folder, { seed: 7, rows: 600 }, GENERATED);
    expect(settleMode(folder, {}, GENERATED)).toEqual({ ...GENERATED, seed: 7, rows: 600 });
    expect(readMode(folder)).toEqual({ ...GENERATED, seed: 7, rows: 600 });
  });

  it('is never files on top of generated data, nor the other way round', () => {
    const [generated, data] = [newLake(), newLake()];
    settleMode(generated, {}, GENERATED);
    settleMode(data, { kind: 'data' }, DATA);
    expect(() => settleMode(generated, { kind: 'data' }, DATA)).toThrow(
      /already holds generated data · give another --lake/,
    );
    expect(() => settleMode(data, { kind: 'generated' }, GENERATED)).toThrow(/already holds files of --data/);
    expect(settleMode(data, {}, GENERATED).kind).toBe('data');
  });

  it.each([
    [{ seed: 8 }, 'with --seed 7 · leave --seed out'],
    [{ rows: 700 }, 'without --rows · leave --rows out'],
    [{ asOf: '2026-02-01' }, 'with --as-of 2026-01-15'],
  ])('is never a second generated world: %j', (asked, message) => {
    const folder = newLake();
    settleMode(folder, { seed: 7 }, GENERATED);
    expect(() => settleMode(folder, asked, GENERATED)).toThrow(
      expect.objectContaining({ exit: 3, message: expect.stringContaining(message) }),
    );
    expect(settleMode(folder, { seed: 7, asOf: '2026-01-15' }, GENERATED).seed).toBe(7);
  });

  it('may be read as of another day when it comes from files', () => {
    const folder = newLake();
    settleMode(folder, { kind: 'data' }, DATA);
    expect(settleMode(folder, { kind: 'data', asOf: '2011-12-11' }, DATA).asOf).toBe('2011-12-11');
  });

  it('is told when its file is damaged', () => {
    const folder = newLake();
    settleMode(folder, {}, GENERATED);
    writeFileSync(folder.mode, '{"kind":');
    expect(() => readMode(folder)).toThrow(/lakewarden\.json cannot be read as JSON · remove it/);
  });
});

describe('a lake folder', () => {
  it('is held by one up at a time, until that one ends', () => {
    const folder = newLake();
    const lock = lockLake(folder);
    expect(() => lockLake(folder)).toThrow(expect.objectContaining({ exit: 3 }));
    lock.release();
    lockLake(folder).release();
  });

  it('without a lake is not reachable', () => {
    expect(() => requireLake(newLake())).toThrow(expect.objectContaining({ exit: 4 }));
  });
});
