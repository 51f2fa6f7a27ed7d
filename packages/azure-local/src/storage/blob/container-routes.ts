/** Operations of the blob endpoint on the account and on one container. */
import type { HttpAnswer } from '../../server/service.ts';
import { afterOf, type Call, pageSize, tokenOf } from '../account-context.ts';
import { checkPath } from '../address.ts';
import { readConditions } from '../conditions.ts';
import type { PathState } from '../disk/path-state.ts';
import { type WalkPage, walk } from '../disk/walk.ts';
import { DEFAULT_CONTENT_TYPE, identityHeaders, readMetadata } from '../property-headers.ts';
import { StorageRefusal } from '../storage-refusal.ts';
import { escapeXml, nameElement } from '../xml.ts';

export async function blobAccountRoute(call: Call): Promise<HttpAnswer> {
  const { method, query } = call.request;
  const comp = query.get('comp') ?? '';
  const restype = query.get('restype') ?? '';
  if (method === 'GET' && comp === 'list') return listContainers(call);
  if (comp === 'properties' && restype === 'account' && (method === 'GET' || method === 'HEAD'))
    return accountInfo();
  if (comp === 'properties' && restype === 'service' && method === 'GET') {
    return xml(
      '<StorageServiceProperties><Cors /><DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy></StorageServiceProperties>',
    );
  }
  throw new StorageRefusal('not-implemented', `${method} comp=${comp} on the account.`);
}

export async function containerRoute(call: Call): Promise<HttpAnswer> {
  const { method, query } = call.request;
  const comp = query.get('comp') ?? '';
  switch (`${method} ${comp}`.trim()) {
    case 'PUT':
      return createContainer(call);
    case 'GET':
    case 'HEAD':
    case 'GET metadata':
    case 'HEAD metadata':
      return containerProperties(call);
    case 'PUT metadata':
      return setContainerMetadata(call);
    case 'GET acl':
    case 'HEAD acl':
      return containerAcl(call);
    case 'DELETE':
      await call.account.store.deleteFileSystem(
        call.address.fileSystem,
        readConditions(call.request.headers),
      );
      return { status: 202 };
    case 'GET list':
      return listBlobs(call);
    case 'GET properties':
    case 'HEAD properties':
      return accountInfo();
    default:
      throw new StorageRefusal('not-implemented', `${method} comp=${comp} on a container.`);
  }
}

async function createContainer({ request, address, account }: Call): Promise<HttpAnswer> {
  const metadata = readMetadata(request.headers);
  const state = await account.store.createFileSystem(
    address.fileSystem,
    metadata === undefined ? undefined : { metadata },
  );
  return { status: 201, headers: identityHeaders(state) };
}

async function containerProperties({ address, account }: Call): Promise<HttpAnswer> {
  const state = await account.store.requireFileSystem(address.fileSystem);
  const metadata = Object.entries(state.properties.metadata ?? {}).map(([name, value]) => [
    `x-ms-meta-${name}`,
    value,
  ]);
  return {
    status: 200,
    headers: {
      ...identityHeaders(state),
      ...(Object.fromEntries(metadata) as Record<string, string>),
      'x-ms-lease-status': 'unlocked',
      'x-ms-lease-state': 'available',
      'x-ms-has-immutability-policy': 'false',
      'x-ms-has-legal-hold': 'false',
      'x-ms-default-encryption-scope': '$account-encryption-key',
      'x-ms-deny-encryption-scope-override': 'false',
    },
  };
}

async function setContainerMetadata({ request, address, account }: Call): Promise<HttpAnswer> {
  const metadata = readMetadata(request.headers) ?? {};
  const conditions = readConditions(request.headers);
  const state = await account.store.changeProperties(
    address.fileSystem,
    '',
    () => ({ metadata }),
    conditions,
  );
  return { status: 200, headers: identityHeaders(state) };
}

async function containerAcl({ address, account }: Call): Promise<HttpAnswer> {
  const state = await account.store.requireFileSystem(address.fileSystem);
  const answer = xml('<SignedIdentifiers />');
  return { ...answer, headers: { ...answer.headers, ...identityHeaders(state) } };
}

function accountInfo(): HttpAnswer {
  return {
    status: 200,
    headers: {
      'x-ms-sku-name': 'Standard_LRS',
      'x-ms-account-kind': 'StorageV2',
      'x-ms-is-hns-enabled': 'true',
    },
  };
}

async function listContainers(call: Call): Promise<HttpAnswer> {
  const { request, account } = call;
  const prefix = request.query.get('prefix') ?? '';
  const after = afterOf(request.query.get('marker'));
  const max = pageSize(call, 'maxresults');
  const withMetadata = (request.query.get('include') ?? '').split(',').includes('metadata');
  const names = (await account.store.fileSystems()).filter(
    (name) => name.startsWith(prefix) && (after === undefined || name > after),
  );
  const page = names.slice(0, max);
  const elements: string[] = [];
  for (const name of page) {
    const state = await account.store.stat(name);
    if (state === undefined) continue;
    const metadata = withMetadata ? metadataElement(state) : '';
    elements.push(
      `<Container>${nameElement(name)}<Properties><Last-Modified>${new Date(state.lastModifiedMs).toUTCString()}</Last-Modified><Etag>"${state.etag}"</Etag><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold></Properties>${metadata}</Container>`,
    );
  }
  const next = names.length > page.length ? tokenOf(page.at(-1) ?? '') : '';
  return xml(
    `<EnumerationResults ServiceEndpoint="${escapeXml(request.origin)}/"><Prefix>${escapeXml(prefix)}</Prefix><MaxResults>${max}</MaxResults><Containers>${elements.join('')}</Containers><NextMarker>${next}</NextMarker></EnumerationResults>`,
  );
}

async function listBlobs(call: Call): Promise<HttpAnswer> {
  const { request, address, account } = call;
  await account.store.requireFileSystem(address.fileSystem);
  const prefix = request.query.get('prefix') ?? '';
  const delimiter = request.query.get('delimiter') ?? '';
  // With a hierarchical namespace '/' is the only delimiter ("List Blobs", remarks).
  if (delimiter !== '' && delimiter !== '/') throw new StorageRefusal('invalid-query', 'delimiter');
  const max = pageSize(call, 'maxresults');
  const from = checkPath(request.query.get('startFrom') ?? '');
  const withMetadata = (request.query.get('include') ?? '').split(',').includes('metadata');
  const page = await walk({
    root: account.store.onDisk(address.fileSystem),
    directory: directoryOf(prefix),
    prefix,
    recursive: delimiter === '',
    order: 'name',
    after: afterOf(request.query.get('marker')),
    ...(from === '' ? {} : { from }),
    entriesMax: max,
    properties: account.store.properties,
  });
  return xml(
    `<EnumerationResults ServiceEndpoint="${escapeXml(request.origin)}/" ContainerName="${escapeXml(address.fileSystem)}"><Prefix>${escapeXml(prefix)}</Prefix><MaxResults>${max}</MaxResults>${delimiter === '' ? '' : '<Delimiter>/</Delimiter>'}<Blobs>${blobElements(page, delimiter !== '', withMetadata)}</Blobs><NextMarker>${page.next === undefined ? '' : tokenOf(page.next)}</NextMarker></EnumerationResults>`,
  );
}

/** The folder that a prefix looks into: `a/b/c` → `a/b`. A prefix that is no path (`..`, `//`) finds nothing. */
function directoryOf(prefix: string): string {
  const slash = prefix.lastIndexOf('/');
  return slash < 0 ? '' : checkPath(prefix.slice(0, slash));
}

function blobElements(page: WalkPage, foldersAsPrefix: boolean, withMetadata: boolean): string {
  return page.entries
    .map(({ path, state }) =>
      foldersAsPrefix && state.isDirectory
        ? `<BlobPrefix>${nameElement(`${path}/`)}</BlobPrefix>`
        : `<Blob>${nameElement(path)}${blobProperties(state)}${withMetadata ? metadataElement(state) : ''}</Blob>`,
    )
    .join('');
}

function blobProperties(state: PathState): string {
  const { http } = state.properties;
  return [
    `<Properties><Creation-Time>${new Date(state.createdMs).toUTCString()}</Creation-Time>`,
    `<Last-Modified>${new Date(state.lastModifiedMs).toUTCString()}</Last-Modified><Etag>${state.etag}</Etag>`,
    `<ResourceType>${state.isDirectory ? 'directory' : 'file'}</ResourceType>`,
    `<Content-Length>${state.bytes}</Content-Length>`,
    `<Content-Type>${escapeXml(http?.contentType ?? DEFAULT_CONTENT_TYPE)}</Content-Type>`,
    `<Content-Encoding>${escapeXml(http?.contentEncoding ?? '')}</Content-Encoding>`,
    `<Content-MD5>${escapeXml(http?.contentMd5 ?? '')}</Content-MD5>`,
    '<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>',
    '<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>',
    '<ServerEncrypted>true</ServerEncrypted></Properties>',
  ].join('');
}

function metadataElement(state: PathState): string {
  const own = Object.entries(state.properties.metadata ?? {});
  const all = state.isDirectory ? [...own, ['hdi_isfolder', 'true'] as const] : own;
  return `<Metadata>${all.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('')}</Metadata>`;
}

function xml(body: string): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="utf-8"?>${body}`,
  };
}
