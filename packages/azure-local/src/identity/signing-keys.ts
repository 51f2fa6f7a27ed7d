import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { writeFileDurably } from '../server/durable-file.ts';

/** RSA keys that tokens are signed with. They outlive the process: a token issued before a restart stays good. */
export interface SigningKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** Public halves only, ready for the JWKS document. */
  readonly publicJwks: readonly JWK[];
}

const modulusLengthBits = 2048;

/** Reads `<dir>/signing-keys.json` (0600), or makes it at first start. Throws when the file is damaged. */
export async function openSigningKeys(dir: string): Promise<SigningKeys> {
  const path = join(dir, 'signing-keys.json');
  const stored = (await readStored(path)) ?? (await createStored(dir, path));
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...publicJwk } = stored;
  const privateKey = await importJWK({ ...stored }, 'RS256');
  if (privateKey instanceof Uint8Array || stored.kid === undefined) {
    throw new Error(`${path} holds no RSA key; remove it to have a new one made`);
  }
  return { kid: stored.kid, privateKey, publicJwks: [{ ...publicJwk, use: 'sig', alg: 'RS256' }] };
}

async function readStored(path: string): Promise<JWK | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return (JSON.parse(text) as { keys: JWK[] }).keys[0];
}

async function createStored(dir: string, path: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', {
    modulusLength: modulusLengthBits,
    extractable: true,
  });
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: randomUUID() };
  // Others on this machine must not even list the folder: the file signs tokens for everything.
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFileDurably(path, JSON.stringify({ keys: [jwk] }), 0o600);
  return jwk;
}
