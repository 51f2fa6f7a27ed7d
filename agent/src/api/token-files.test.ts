import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordedFacts } from '@lakewarden/core/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { handClock } from './testing.ts';
import {
  keepTokenFile,
  LOCAL_TOKEN_TTL_MS,
  openTokenAuthority,
  TOKEN_FILE,
  TOKEN_KEY_FILE,
} from './token-files.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 12);
const now = () => NOW_MS;

describe("the agent's token files", () => {
  let dir = '';
  beforeEach(() => {
    dir = join(mkdtempSync(join(tmpdir(), 'tokens-')), 'state');
  });
  afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));
  const modeOf = (name: string) => statSync(join(dir, name)).mode & 0o777;
  const request = { subject: 'ann', role: 'viewer', ttlMs: 1000 } as const;

  test('hold one key, made once and readable by its owner only', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => openTokenAuthority(dir, now)));
    const tokens = new Set(all.map((authority) => authority.issue(request)));
    expect(tokens.size).toBe(1);
    expect(readdirSync(dir)).toEqual([TOKEN_KEY_FILE]);
    expect(modeOf(TOKEN_KEY_FILE)).toBe(0o600);
    expect(statSync(join(dir, TOKEN_KEY_FILE)).size).toBe(32);
    const again = await openTokenAuthority(dir, now);
    expect(again.verify([...tokens][0] ?? '', NOW_MS).kind).toBe('principal');
  });

  test('are refused when others may read the key', async () => {
    await openTokenAuthority(dir, now);
    for (const mode of [0o640, 0o604, 0o660, 0o644, 0o777]) {
      chmodSync(join(dir, TOKEN_KEY_FILE), mode);
      await expect(openTokenAuthority(dir, now)).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });

  test('are refused when the key is a link or has another size', async () => {
    await openTokenAuthority(dir, now);
    const key = join(dir, TOKEN_KEY_FILE);
    writeFileSync(key, Buffer.alloc(31));
    await expect(openTokenAuthority(dir, now)).rejects.toMatchObject({ code: 'corrupt' });
    writeFileSync(key, Buffer.alloc(64));
    await expect(openTokenAuthority(dir, now)).rejects.toMatchObject({ code: 'corrupt' });
    rmSync(key);
    writeFileSync(join(dir, 'elsewhere'), Buffer.alloc(32), { mode: 0o600 });
    symlinkSync(join(dir, 'elsewhere'), key);
    await expect(openTokenAuthority(dir, now)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test("keep the local user's token valid, and say when they cannot", async () => {
    const authority = await openTokenAuthority(dir, now);
    const path = join(dir, TOKEN_FILE);
    const { facts, emit } = recordedFacts();
    const stop = new AbortController();
    const turns = handClock(NOW_MS);
    const who = { subject: 'local/ann', role: 'admin' } as const;
    const renewing = {
      ...authority,
      issue: (asked: typeof request) => {
        if (turns.clock.now() > NOW_MS + LOCAL_TOKEN_TTL_MS / 4) throw new Error('the disk is full');
        return authority.issue(asked);
      },
    } as typeof authority;
    await keepTokenFile({ authority: renewing, path, who, clock: turns.clock, emit }, stop.signal);
    const first = readFileSync(path, 'utf8').trim();
    expect(modeOf(TOKEN_FILE)).toBe(0o600);
    expect(authority.verify(first, NOW_MS)).toMatchObject({ principal: { id: 'local/ann', role: 'admin' } });
    await turns.pass();
    expect(facts).toEqual([]);
    await turns.pass();
    expect(facts).toEqual([{ type: 'TokenFileFailed', reason: 'the disk is full' }]);
    expect(readFileSync(path, 'utf8').trim()).toBe(first);
    expect(readdirSync(dir).sort()).toEqual([TOKEN_KEY_FILE, TOKEN_FILE]);
    stop.abort();
  });
});
