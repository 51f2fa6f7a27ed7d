import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CALL = /\bt\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;

/** Every text that goes through `l10n.t` (or the `t` of an act), by itself: the bundle that translations are made from. */
export function spokenWords(folder: string): Readonly<Record<string, string>> {
  const words = new Set<string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const match of text.matchAll(CALL)) {
      const word = (match[1] ?? match[2] ?? '').replace(/\\(.)/g, '$1');
      if (word !== '') words.add(word);
    }
  }
  return Object.fromEntries([...words].sort().map((word) => [word, word]));
}
