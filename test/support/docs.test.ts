import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './paths.ts';

/** Docs drift unless something reads them: every path and link that they name must exist. */
const PAGES = [
  'README.md',
  'extension/README.md',
  'extension/CHANGELOG.md',
  ...pagesBelow('docs'),
  ...pagesBelow('packages/azure-local'),
  ...pagesBelow('packages/retail'),
];

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}

function namedPaths(text: string): string[] {
  return [...text.matchAll(/`((?:packages|agent|test|docs|infra|runbooks)\/[A-Za-z0-9._/-]+)`/g)].map(
    (m) => m[1] ?? '',
  );
}

function links(text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  it('names only paths that exist', () => {
    expect(namedPaths(text).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
  it('links only to what exists', () => {
    const absent = links(text).filter((target) => !existsSync(resolve(ROOT, dirname(page), target)));
    expect(absent).toEqual([]);
  });
});
