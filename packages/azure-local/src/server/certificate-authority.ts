/**
 * A local certificate authority, so that clients which refuse plain http (every token-authenticated Azure SDK) can
 * reach us by TLS. Its key never leaves DIR/ca (0600); clients trust DIR/ca/ca.pem.
 */
// x509 resolves its algorithms through tsyringe, which needs the Reflect metadata API first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { writeFileDurably } from './durable-file.ts';
import type { TlsMaterial } from './service.ts';

const DAY_MS = 86_400_000;
const CA_LIFE_DAYS = 3650;
// Apple's and several TLS stacks refuse leaves that live longer than 398 days.
const LEAF_LIFE_DAYS = 390;
/** The leaf is remade when less than this is left of its life. */
const LEAF_REMAINING_DAYS_MIN = 30;

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const SUBJECT_CA = 'CN=Lakewarden local Azure CA';

const DNS_NAMES = [
  'localhost',
  '*.dfs.core.windows.net',
  '*.blob.core.windows.net',
  '*.servicebus.windows.net',
  'management.azure.com',
  'login.microsoftonline.com',
  'api.loganalytics.io',
  '*.metrics.monitor.azure.com',
];
const IP_ADDRESSES = ['127.0.0.1', '::1'];

type KeyedCertificate = { readonly keyPem: string; readonly certPem: string };

/**
 * The authority and its leaf from DIR/ca, made at the first start; the leaf is remade when it is about to expire or
 * lacks a host, both when the authority expires. `now`: milliseconds since 1970.
 */
export async function loadCertificates(
  dataDir: string,
  now: number,
): Promise<TlsMaterial & { caFile: string }> {
  const folder = join(dataDir, 'ca');
  const caFile = join(folder, 'ca.pem');
  const storedCa = await readKeyed(folder, 'ca');
  const ca = storedCa !== undefined && isCurrent(storedCa, now) ? storedCa : await makeAuthority(now);
  if (ca !== storedCa) await writeKeyed(folder, 'ca', ca);
  const storedLeaf = ca === storedCa ? await readKeyed(folder, 'leaf') : undefined;
  const isUsable = storedLeaf !== undefined && isCurrent(storedLeaf, now) && hasAllNames(storedLeaf);
  const leaf = isUsable ? storedLeaf : await makeLeaf(ca, now);
  if (leaf !== storedLeaf) await writeKeyed(folder, 'leaf', leaf);
  await writeFileDurably(caFile, `${ca.certPem}\n`);
  return { key: leaf.keyPem, cert: `${leaf.certPem}\n${ca.certPem}\n`, ca: `${ca.certPem}\n`, caFile };
}

function isCurrent(pair: KeyedCertificate, now: number): boolean {
  const certificate = new x509.X509Certificate(pair.certPem);
  return (
    certificate.notBefore.getTime() <= now &&
    certificate.notAfter.getTime() - now > LEAF_REMAINING_DAYS_MIN * DAY_MS
  );
}

/** A leaf of an earlier version may lack hosts that have come since. */
function hasAllNames(pair: KeyedCertificate): boolean {
  const names = new x509.X509Certificate(pair.certPem).getExtension(
    x509.SubjectAlternativeNameExtension,
  )?.names;
  const known = new Set(names?.items.map(({ value }) => value));
  return DNS_NAMES.every((name) => known.has(name));
}

async function makeAuthority(now: number): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: SUBJECT_CA,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + CA_LIFE_DAYS * DAY_MS),
    signingAlgorithm: KEY_ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem: await exportKey(keys.privateKey), certPem: certificate.toString('pem') };
}

async function makeLeaf(ca: KeyedCertificate, now: number): Promise<KeyedCertificate> {
  const authority = new x509.X509Certificate(ca.certPem);
  const signingKey = await importKey(ca.keyPem);
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: authority.subject,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + LEAF_LIFE_DAYS * DAY_MS),
    signingAlgorithm: KEY_ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...DNS_NAMES.map((value) => ({ type: 'dns' as const, value })),
        ...IP_ADDRESSES.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return { keyPem: await exportKey(keys.privateKey), certPem: certificate.toString('pem') };
}

// A positive 126-bit number without a leading zero byte, as RFC 5280 4.1.2.2 asks.
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}

// Key and certificate lie in one file: a crash can not leave a pair that does not fit.
async function readKeyed(folder: string, name: string): Promise<KeyedCertificate | undefined> {
  try {
    const text = await readFile(join(folder, `${name}-pair.json`), 'utf8');
    return JSON.parse(text) as KeyedCertificate;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeKeyed(folder: string, name: string, pair: KeyedCertificate): Promise<void> {
  await writeFileDurably(join(folder, `${name}-pair.json`), JSON.stringify(pair), 0o600);
}
