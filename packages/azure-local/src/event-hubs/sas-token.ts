/**
 * Shared access signatures: `SharedAccessSignature sr=<uri>&sig=<hmac>&se=<expiry>&skn=<key name>`, HMAC-SHA256 of
 * `sr + "\n" + se` with the key's text (MS Learn: "Authenticate access to Event Hubs with shared access signatures").
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type SasVerdict =
  | { readonly valid: true; readonly resource: string; readonly expiresMs: number }
  | { readonly valid: false; readonly reason: 'malformed' | 'signature' | 'expired' };

export type SasPolicy = { readonly keyName: string; readonly key: string };

const PREFIX = 'SharedAccessSignature ';

export function verifySasToken(token: string, policy: SasPolicy, nowMs: number): SasVerdict {
  if (!token.startsWith(PREFIX)) return { valid: false, reason: 'malformed' };
  const fields = new Map(
    token
      .slice(PREFIX.length)
      .split('&')
      .map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at), pair.slice(at + 1)] as const;
      }),
  );
  const [resource, signature, expiry, keyName] = ['sr', 'sig', 'se', 'skn'].map((name) => fields.get(name));
  if (
    resource === undefined ||
    signature === undefined ||
    keyName === undefined ||
    !/^\d+$/.test(expiry ?? '')
  )
    return { valid: false, reason: 'malformed' };
  // Both are always computed, so that a wrong name cannot be told from a wrong key.
  const expected = createHmac('sha256', policy.key).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(decode(signature), 'base64');
  const matches = given.length === expected.length && timingSafeEqual(given, expected);
  if (!matches || decode(keyName) !== policy.keyName) return { valid: false, reason: 'signature' };
  const expiresMs = Number(expiry) * 1000;
  if (expiresMs <= nowMs) return { valid: false, reason: 'expired' };
  return { valid: true, resource: decode(resource), expiresMs };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
