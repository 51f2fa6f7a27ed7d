import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PropertiesStore } from './properties-store.ts';
import { type WalkOptions, type WalkOrder, walk } from './walk.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walk-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const segment = fc.stringMatching(/^[ab.-]{1,2}$/).filter((text) => text !== '.' && text !== '..');
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));

/** Files among `paths` that do not need another file to be a folder, and all their folders. */
async function plant(root: string, paths: readonly string[]): Promise<string[]> {
  const files = new Set<string>();
  for (const one of paths) {
    const clashes = [...files].some(
      (other) => other === one || other.startsWith(`${one}/`) || one.startsWith(`${other}/`),
    );
    if (clashes) continue;
    files.add(one);
    await mkdir(dirname(join(root, one)), { recursive: true });
    await writeFile(join(root, one), one);
  }
  const all = new Set(files);
  for (const file of files) {
    for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1))
      all.add(file.slice(0, at));
  }
  return [...all];
}

async function collect(options: Omit<WalkOptions, 'after'>): Promise<string[]> {
  const found: string[] = [];
  let after: string | undefined;
  do {
    const page = await walk({ ...options, after });
    expect(page.entries.length).toBeLessThanOrEqual(options.entriesMax);
    found.push(...page.entries.map((entry) => entry.path));
    after = page.next;
  } while (after !== undefined);
  return found;
}

test('pages of any size list every path below the prefix once, in order', async () => {
  const properties = await PropertiesStore.open(folder);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(path, { maxLength: 25 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom<WalkOrder>('name', 'folder'),
      fc.stringMatching(/^[ab.-]{0,2}$/),
      fc.option(path, { nil: undefined }),
      async (paths, entriesMax, order, prefix, from) => {
        const root = join(folder, String(run++));
        await mkdir(root);
        const key = (text: string) => (order === 'folder' ? text.replaceAll('/', '\u0000') : text);
        const expected = (await plant(root, paths))
          .filter((one) => one.startsWith(prefix) && (from === undefined || key(one) >= key(from)))
          .sort((left, right) => (key(left) < key(right) ? -1 : 1));
        const start = from === undefined ? {} : { from };
        const options = {
          root,
          directory: '',
          prefix,
          recursive: true,
          order,
          entriesMax,
          properties,
          ...start,
        };
        expect(await collect(options)).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});
