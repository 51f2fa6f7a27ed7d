import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TerminalError } from '@lakewarden/contracts';
import { type Clock, type EmitFact, reasonOf } from '@lakewarden/core';
import { createTokenAuthority, TOKEN_KEY_BYTES, type TokenAuthority, type TokenRequest } from './tokens.ts';

/** Below the agent's state folder. */
export const TOKEN_KEY_FILE = 'api.key';
/** Token of an admin, for the command line of the same user. */
export const TOKEN_FILE = 'token';

/** Of the token file; it is written anew at a quarter of it, so what leaks is worth little for long. */
export const LOCAL_TOKEN_TTL_MS = 24 * 3600 * 1000;

/**
 * The authority whose key lies in `<stateDir>/api.key`, made when absent (by whoever is first; all others read it).
 * Throws `TerminalError('unauthorized')` when others may read the key, `('corrupt')` when it is none.
 */
export async function openTokenAuthority(stateDir: string, now: () => number): Promise<TokenAuthority> {
  const path = join(stateDir, TOKEN_KEY_FILE);
  const key = (await readPrivate(path)) ?? (await makeKey(path));
  if (key.length !== TOKEN_KEY_BYTES) {
    throw new TerminalError('corrupt', `${path}: not a token key. Delete it: a new one ends all tokens.`);
  }
  return createTokenAuthority(key, now);
}

/** Replaces the file by one rename; only its owner can read it. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const draft = await writeDraft(path, text);
  await rename(draft, path);
}

/**
 * Keeps a valid token in `path` until the signal fires. Resolves when the first one is written; one that cannot be
 * renewed later is tried again a quarter of its life later, and the one before serves.
 */
export async function keepTokenFile(options: TokenFileOptions, signal: AbortSignal): Promise<void> {
  await writeToken(options);
  void renewTokens(options, signal);
}

export interface TokenFileOptions {
  readonly authority: TokenAuthority;
  readonly path: string;
  readonly who: Omit<TokenRequest, 'ttlMs'>;
  readonly clock: Clock;
  readonly emit: EmitFact;
}

async function renewTokens(options: TokenFileOptions, signal: AbortSignal): Promise<void> {
  const { clock, emit } = options;
  while (!signal.aborted) {
    await clock.sleep(LOCAL_TOKEN_TTL_MS / 4, signal).catch(() => undefined);
    if (signal.aborted) return;
    await writeToken(options).catch((error) => emit({ type: 'TokenFileFailed', reason: reasonOf(error) }));
  }
}

async function writeToken({ authority, path, who }: TokenFileOptions): Promise<void> {
  await writePrivate(path, `${authority.issue({ ...who, ttlMs: LOCAL_TOKEN_TTL_MS })}\n`);
}

async function makeKey(path: string): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = await writeDraft(path, randomBytes(TOKEN_KEY_BYTES));
  try {
    // A link never replaces: of two that start at once, one makes the key and both use it.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(draft);
  }
  const key = await readPrivate(path);
  if (key === undefined) throw new TerminalError('failed', `${path}: was removed while the agent started`);
  return key;
}

async function writeDraft(path: string, content: string | Buffer): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  return draft;
}

/** Undefined when there is no such file. The checks are made on the open file, not on its name, which may change hands. */
async function readPrivate(path: string): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new TerminalError(
      'unauthorized',
      `${path}: cannot be opened (${code}). It must be a file of your own.`,
    );
  }
  try {
    const { mode, uid } = await file.stat();
    const mine = process.getuid === undefined || uid === process.getuid();
    if (process.platform !== 'win32' && (!mine || (mode & 0o077) !== 0)) {
      throw new TerminalError(
        'unauthorized',
        `${path}: others may read it, so its tokens prove nothing. Delete it: a new one ends all tokens.`,
      );
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TOKEN_KEY_BYTES + 1), 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
