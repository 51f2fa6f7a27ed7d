import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openRunJournal } from './run-journal.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

async function newPath(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'lw-journal-'));
  folders.push(dir);
  return join(dir, 'runs.jsonl');
}

const nothing = () => {};

test('what was appended is there after reopening, in order', async () => {
  const path = await newPath();
  const { journal } = await openRunJournal(path);
  await Promise.all([1, 2, 3, 4, 5].map((n) => journal.append({ n }, nothing)));
  await journal.close();
  expect((await openRunJournal(path)).lines).toEqual([1, 2, 3, 4, 5].map((n) => ({ n })));
});

test('a torn last line is cut off and the next append starts clean', async () => {
  const path = await newPath();
  const first = await openRunJournal(path);
  await first.journal.append({ n: 1 }, nothing);
  await first.journal.close();
  await appendFile(path, '{"n":2,"text":"never ackno');
  const second = await openRunJournal(path);
  expect(second.lines).toEqual([{ n: 1 }]);
  await second.journal.append({ n: 3 }, nothing);
  await second.journal.close();
  expect(await readFile(path, 'utf8')).toBe('{"n":1}\n{"n":3}\n');
});

test('a damaged line in the middle is named, not skipped', async () => {
  const path = await newPath();
  await writeFile(path, '{"n":1}\nrubbish\n{"n":3}\n');
  await expect(openRunJournal(path)).rejects.toThrow('line 2');
});

test('a rewrite says what holds when its turn comes, and appends go on behind it', async () => {
  const path = await newPath();
  const { journal } = await openRunJournal(path);
  const seen: number[] = [];
  const add = (n: number) => journal.append({ n }, () => seen.push(n));
  const before = [add(1), add(2)];
  await journal.rewrite(() => [{ all: [...seen] }]);
  await Promise.all([...before, add(3)]);
  await journal.close();
  expect((await openRunJournal(path)).lines).toEqual([{ all: [1, 2] }, { n: 3 }]);
});
