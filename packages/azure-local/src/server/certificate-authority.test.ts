import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCertificates } from './certificate-authority.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 10, 22);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the leaf is signed by the authority and names every production host', async () => {
  const made = await loadCertificates(folder, START);
  const [leaf, ca] = [new X509Certificate(made.cert), new X509Certificate(made.ca)];
  expect(leaf.verify(ca.publicKey)).toBe(true);
  for (const host of [
    'localhost',
    'retaillake.dfs.core.windows.net',
    'retail-events.servicebus.windows.net',
    'api.loganalytics.io',
    'westeurope.metrics.monitor.azure.com',
  ]) {
    expect(leaf.checkHost(host), host).toBeDefined();
  }
  expect(leaf.checkHost('example.com')).toBeUndefined();
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
});

test('both are the same after a restart', async () => {
  const made = await loadCertificates(folder, START);
  expect(await loadCertificates(folder, START + 10 * DAY_MS)).toEqual(made);
});

test('a leaf about to expire is remade under the same authority', async () => {
  const made = await loadCertificates(folder, START);
  const later = await loadCertificates(folder, START + 370 * DAY_MS);
  expect(later.ca).toBe(made.ca);
  expect(later.cert).not.toBe(made.cert);
  const leaf = new X509Certificate(later.cert);
  expect(Date.parse(leaf.validTo)).toBeGreaterThan(START + 700 * DAY_MS);
});
