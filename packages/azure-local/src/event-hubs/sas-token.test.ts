import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifySasToken } from './sas-token.ts';

const policy = { keyName: 'policy', key: 'c2VjcmV0' };
const nowMs = 1_000_000;

function token({
  key = policy.key,
  name = policy.keyName,
  expiresS = 2_000,
  resource = 'sb://host/hub',
} = {}) {
  const sr = encodeURIComponent(resource);
  const signature = createHmac('sha256', key).update(`${sr}\n${expiresS}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${expiresS}&skn=${name}`;
}

test('a signature by the policy is valid until it expires', () => {
  expect(verifySasToken(token(), policy, nowMs)).toEqual({
    valid: true,
    resource: 'sb://host/hub',
    expiresMs: 2_000_000,
  });
  expect(verifySasToken(token({ expiresS: 1_000 }), policy, nowMs)).toEqual({
    valid: false,
    reason: 'expired',
  });
});

test.each([
  ['by another key', token({ key: 'b3RoZXI=' })],
  ['by another policy', token({ name: 'other' })],
  ['for a later expiry', token().replace('se=2000', 'se=9000')],
  ['for another resource', token().replace('hub', 'clicks')],
])('a signature %s is refused', (_name, text) => {
  expect(verifySasToken(text, policy, nowMs)).toEqual({ valid: false, reason: 'signature' });
});

test.each([
  '',
  'Bearer x',
  'SharedAccessSignature sr=a',
  'SharedAccessSignature sr=a&sig=%E0%A4%A&se=x&skn=policy',
])('what is no signature is refused: %s', (text) => {
  expect(verifySasToken(text, policy, nowMs)).toEqual({ valid: false, reason: 'malformed' });
});
