import { createDefaultHttpClient, createPipelineRequest } from '@azure/core-rest-pipeline';
import { TerminalError, TransientError } from '@lakewarden/contracts';
import { type EmitFact, reasonOf } from '@lakewarden/core';
import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import { type AzureRoutes, createRestHttpClient } from './azure-routes.ts';
import { classRestError } from './rest-errors.ts';
import { withTimeLimit } from './time-limit.ts';

/** One read of the key document, never repeated. */
const READ_MS_MAX = 5_000;
/** Between two attempts, whoever asks and however they end: a flood of unknown keys costs two reads a minute. */
export const COOL_DOWN_MS = 30_000;
/** A directory may withdraw a key; for so long it is trusted without asking. */
export const FRESH_MS = 10 * 60_000;
/** While the key document cannot be had, keys of this age still serve; then nobody gets in by them. */
export const KEPT_MS = 24 * 3600_000;

export type KeySet = ReadonlyMap<string, CryptoKey>;

/** The public keys that a directory signs its tokens with. */
export interface SigningKeys {
  /**
   * Undefined: the directory has no such key. Throws `TransientError('unavailable')`, with the time until the next
   * attempt, while that cannot be told.
   */
  find(kid: string, nowMs: number): Promise<CryptoKey | undefined>;
}

export interface SigningKeysOptions {
  /** Throws `TransientError` or `TerminalError`; it limits itself in time. */
  readonly read: () => Promise<KeySet>;
  readonly emit: EmitFact;
}

interface Held {
  readonly keys: KeySet;
  readonly readMs: number;
}

/**
 * Not behind a guard of `Guards`: the cool-down is a breaker of one failure, and no work of the agent's own waits for it.
 * Nor `createRemoteJWKSet` of jose, which forgets its keys with their age and asks again for every token while the
 * endpoint is away.
 */
export function createSigningKeys({ read, emit }: SigningKeysOptions): SigningKeys {
  let held: Held | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  let reading: Promise<void> | undefined;

  async function readOnce(nowMs: number): Promise<void> {
    try {
      const keys = await read();
      if (hasFailed || !hasSameNames(keys, held?.keys)) emit({ type: 'SigningKeysRead', keys: keys.size });
      // The time of asking: what was withdrawn while the answer travelled counts as older, not younger.
      held = { keys, readMs: nowMs };
      hasFailed = false;
    } catch (error) {
      if (!(error instanceof TransientError || error instanceof TerminalError)) throw error;
      hasFailed = true;
      const ageMs = held === undefined ? {} : { ageMs: nowMs - held.readMs };
      emit({ type: 'SigningKeysFailed', reason: reasonOf(error), ...ageMs });
    }
  }

  /** Joins the attempt under way; begins one only after the cool-down. */
  async function refresh(nowMs: number): Promise<void> {
    if (reading === undefined) {
      if (!isOver(triedMs, COOL_DOWN_MS, nowMs)) return;
      triedMs = nowMs;
      reading = readOnce(nowMs).finally(() => {
        reading = undefined;
      });
    }
    await reading;
  }

  return {
    async find(kid, nowMs) {
      const isFresh = held !== undefined && !isOver(held.readMs, FRESH_MS, nowMs);
      if (!isFresh || !held?.keys.has(kid)) await refresh(nowMs);
      const key = held?.keys.get(kid);
      const isKept = held !== undefined && nowMs - held.readMs < KEPT_MS;
      if (isKept && key !== undefined) return key;
      // Unknown is not forged: only a directory that answers can say that it has no such key.
      if (isKept && !hasFailed) return undefined;
      throw new TransientError('unavailable', 'the signing keys of the directory cannot be read', {
        retryAfterMs: Math.min(COOL_DOWN_MS, Math.max(0, triedMs + COOL_DOWN_MS - nowMs)),
      });
    },
  };
}

/** A clock that went back ends a wait: it must not become a longer one. */
function isOver(fromMs: number, lastsMs: number, nowMs: number): boolean {
  return nowMs < fromMs || nowMs - fromMs >= lastsMs;
}

function hasSameNames(one: KeySet, other: KeySet | undefined): boolean {
  return other !== undefined && one.size === other.size && [...one.keys()].every((kid) => other.has(kid));
}

export interface KeyDocument {
  /** Of the directory's own tenant: the shared one holds keys of others too. */
  readonly url: string;
  readonly routes: AzureRoutes | undefined;
  /** Ends a read under way when the agent stops. */
  readonly signal: AbortSignal;
  readonly readMsMax?: number;
}

/** Reads the key document over the wire. */
export function keyDocumentReader(document: KeyDocument): () => Promise<KeySet> {
  const { url, routes, signal: stopping, readMsMax = READ_MS_MAX } = document;
  const what = `keys of ${new URL(url).host}`;
  const isLoopback = url.startsWith('http:');
  // A loopback address leads nowhere else, so it needs no route.
  const client = (isLoopback ? undefined : createRestHttpClient(routes)) ?? createDefaultHttpClient();

  async function answer(abortSignal: AbortSignal): Promise<string> {
    const request = createPipelineRequest({ url, abortSignal, allowInsecureConnection: isLoopback });
    try {
      const { status, bodyAsText } = await client.sendRequest(request);
      if (status === 200) return bodyAsText ?? '';
      // Redirects too: keys come from the address that was configured or from nowhere.
      throw new TransientError('unavailable', `${what}: ${status}`);
    } catch (error) {
      throw classRestError(error, what);
    }
  }

  return async () => {
    const text = await withTimeLimit(readMsMax, stopping, answer, { what, abandonMs: 0 });
    try {
      return await parseKeys(text);
    } catch (cause) {
      throw new TransientError('unavailable', `${what}: the answer is no set of keys`, { cause });
    }
  };
}

const KEYS_MAX = 64;
/** What RS256 needs of a key; of 2048 bits, the least that jose takes. All others of the document are left alone. */
const signingKeySchema = z.object({
  kid: z.string().min(1).max(256),
  kty: z.literal('RSA'),
  use: z.literal('sig').optional(),
  alg: z.literal('RS256').optional(),
  n: z.string().min(342).max(2_048),
  e: z.string().max(16),
});
const keyDocumentSchema = z.object({ keys: z.array(z.unknown()).min(1).max(KEYS_MAX) });

/** Throws for what is no key document: an empty one would turn everybody away. */
async function parseKeys(text: string): Promise<KeySet> {
  const { keys } = keyDocumentSchema.parse(JSON.parse(text));
  const ours = keys.flatMap((key) => signingKeySchema.safeParse(key).data ?? []);
  if (ours.length === 0) throw new Error('none of the keys is for RS256');
  const imported = ours.map(async ({ kid, kty, n, e }) => {
    const key = await importJWK({ kty, n, e }, 'RS256');
    if (key instanceof Uint8Array) throw new Error('no public key');
    return [kid, key] as const;
  });
  return new Map(await Promise.all(imported));
}
