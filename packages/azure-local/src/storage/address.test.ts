import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../server/service.ts';
import { parseAddress, parseSource } from './address.ts';
import { StorageRefusal } from './storage-refusal.ts';

const accounts = { has: (name: string) => name === 'retaillake', defaultAccount: 'retaillake' };

function request(url: string, headers: Record<string, string> = {}, method = 'GET'): HttpRequest {
  const [rawPath = '', rawQuery = ''] = url.split('?');
  return {
    method,
    rawPath,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers,
  } as unknown as HttpRequest;
}

function refusalOf(url: string): string {
  try {
    parseAddress(request(url), accounts);
  } catch (error) {
    if (error instanceof StorageRefusal) return error.kind;
    throw error;
  }
  return 'accepted';
}

describe('the account of a request', () => {
  test('comes from the routed host first', () => {
    const routed = { host: '127.0.0.1:4000', 'x-lakewarden-host': 'other.dfs.core.windows.net' };
    expect(parseAddress(request('/lake/a/b', routed), accounts)).toEqual({
      account: 'other',
      endpoint: 'dfs',
      fileSystem: 'lake',
      path: 'a/b',
    });
  });

  test('comes from a production host next', () => {
    const headers = { host: 'retaillake.blob.core.windows.net' };
    expect(parseAddress(request('/lake/a', headers), accounts)).toMatchObject({
      endpoint: 'blob',
      path: 'a',
    });
  });

  test('is else the first segment, and may be left out as the datalake client does when it renames', () => {
    expect(parseAddress(request('/retaillake/lake/a'), accounts)).toMatchObject({
      fileSystem: 'lake',
      path: 'a',
    });
    const rename = request('/lake/b?mode=legacy', { 'x-ms-rename-source': '/retaillake/lake/a' }, 'PUT');
    expect(parseAddress(rename, accounts)).toEqual({
      account: 'retaillake',
      endpoint: 'dfs',
      fileSystem: 'lake',
      path: 'b',
    });
    expect(parseSource('/retaillake/lake/a', 'retaillake')).toEqual({ fileSystem: 'lake', path: 'a' });
    expect(parseSource('/lake/a%20b?sig=x', 'retaillake')).toEqual({ fileSystem: 'lake', path: 'a b' });
  });
});

describe('a hostile path is refused', () => {
  test.each([
    '/retaillake/lake/../secrets.json',
    '/retaillake/lake/%2e%2e/secrets.json',
    '/retaillake/lake/a/..%2f..%2fsecrets.json',
    '/retaillake/lake/a%2F..%2F..%2F..%2Fetc%2Fpasswd',
    '/retaillake/lake/./a',
    '/retaillake/lake//a',
    '/retaillake/lake/a%00b',
    '/retaillake/lake/a%0Ab',
    '/retaillake/lake/..%5csecrets.json',
    '/retaillake/lake/%ff',
    '/retaillake/lake/%zz',
    '/retaillake/.meta/properties/1.json',
    '/retaillake/..%2f..',
    '/retaillake/LAKE/a',
    `/retaillake/lake/${'a'.repeat(256)}`,
    `/retaillake/lake/${'a/'.repeat(70)}b`,
    'http://elsewhere/lake/a',
  ])('%s', (url) => {
    expect(refusalOf(url)).not.toBe('accepted');
  });

  test('but what only looks like one is a name', () => {
    expect(parseAddress(request('/retaillake/lake/%252e%252e/a...b/.hidden'), accounts).path).toBe(
      '%2e%2e/a...b/.hidden',
    );
  });
});
