/** Factories and their documents: create, read, list by pages, delete. */

import { jsonAnswer } from '../server/http-server.ts';
import type { HttpAnswer, HttpRequest } from '../server/service.ts';
import { ArmError, badRequest } from './arm-error.ts';
import { checkCopy, checkDataset, type Documents } from './check-copy.ts';
import { parseDataset, parseLinkedService } from './dataset-definition.ts';
import { isSecret } from './expression.ts';
import { isObject, type Json, type JsonObject, objectAt, optionalObjectAt, stringAt } from './json.ts';
import { parsePipeline } from './pipeline-definition.ts';
import type { ChildKind, ResourceStore, StoredDocument } from './resource-store.ts';
import { checkName } from './routes.ts';

export interface ResourceDeps {
  readonly store: ResourceStore;
  readonly now: () => number;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly pageSize: number;
  /** Called before a new factory is answered, and before a deleted one's folder goes. */
  readonly factoryMade: (name: string) => Promise<void>;
  readonly factoryGoing: (name: string) => Promise<void>;
}

/** MS Learn "Data Factory limits": entities in a factory. */
const childCountMax = 5000;

type StoredFactory = NonNullable<ReturnType<ResourceStore['factory']>>;

export function factoryId(
  deps: Pick<ResourceDeps, 'subscriptionId' | 'resourceGroup'>,
  factory: string,
): string {
  const { subscriptionId, resourceGroup } = deps;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DataFactory/factories/${factory}`;
}

export async function answerFactories(request: HttpRequest, deps: ResourceDeps): Promise<HttpAnswer> {
  if (request.method !== 'GET') throw methodRefused();
  return listPage(request, deps, deps.store.factories(), (factory) => factoryView(factory, deps));
}

export async function answerFactory(
  request: HttpRequest,
  deps: ResourceDeps,
  name: string,
): Promise<HttpAnswer> {
  switch (request.method) {
    case 'PUT': {
      checkName('factory', name);
      const body = objectAt(await request.json(), 'The body');
      stringAt(body.location, 'location');
      optionalObjectAt(body.properties, 'properties');
      const factory = await deps.store.putFactory(name, body, headerOf(request, 'if-match'), deps.now());
      await deps.factoryMade(factory.name);
      return jsonAnswer(200, factoryView(factory, deps));
    }
    case 'PATCH': {
      const existing = factoryNamed(deps, name);
      const change = objectAt(await request.json(), 'The body');
      const body = { ...existing.body, ...pick(change, ['tags', 'identity']) };
      return jsonAnswer(
        200,
        factoryView(await deps.store.putFactory(name, body, undefined, deps.now()), deps),
      );
    }
    case 'GET': {
      const factory = factoryNamed(deps, name);
      return isKnown(request, factory) ? { status: 304 } : jsonAnswer(200, factoryView(factory, deps));
    }
    case 'DELETE': {
      if (deps.store.factory(name) === undefined) return { status: 204 };
      await deps.factoryGoing(name);
      return { status: (await deps.store.deleteFactory(name)) ? 200 : 204 };
    }
    default:
      throw methodRefused();
  }
}

export async function answerChildren(
  request: HttpRequest,
  deps: ResourceDeps,
  factory: string,
  kind: ChildKind,
): Promise<HttpAnswer> {
  if (request.method !== 'GET') throw methodRefused();
  const { name } = factoryNamed(deps, factory);
  return listPage(request, deps, deps.store.children(factory, kind), (child) =>
    childView(child, deps, name, kind),
  );
}

export async function answerChild(
  request: HttpRequest,
  deps: ResourceDeps,
  factory: string,
  kind: ChildKind,
  name: string,
): Promise<HttpAnswer> {
  const owner = factoryNamed(deps, factory).name;
  switch (request.method) {
    case 'PUT': {
      checkName(kind, name);
      const body = objectAt(await request.json(), 'The body');
      const properties = objectAt(body.properties, 'properties');
      checkDocument(kind, properties, documentsOf(deps.store, factory));
      checkRoom(deps.store, factory, kind, name);
      const ifMatch = headerOf(request, 'if-match');
      return jsonAnswer(
        200,
        childView(await deps.store.putChild(factory, kind, name, properties, ifMatch), deps, owner, kind),
      );
    }
    case 'GET': {
      const child = deps.store.child(factory, kind, name);
      if (child === undefined)
        throw new ArmError(404, 'ResourceNotFound', `'${name}' was not found in ${kind}.`);
      return isKnown(request, child) ? { status: 304 } : jsonAnswer(200, childView(child, deps, owner, kind));
    }
    case 'DELETE':
      checkUnreferenced(deps.store, factory, kind, name);
      return { status: (await deps.store.deleteChild(factory, kind, name)) ? 200 : 204 };
    default:
      throw methodRefused();
  }
}

/** The stored documents, parsed. They were judged when they came in, so parsing cannot fail. */
export function documentsOf(store: ResourceStore, factory: string): Documents {
  const body = (kind: ChildKind, name: string) => store.child(factory, kind, name)?.body;
  return {
    dataset: (name) => {
      const found = body('datasets', name);
      return found === undefined ? undefined : parseDataset(found);
    },
    linkedService: (name) => {
      const found = body('linkedservices', name);
      return found === undefined ? undefined : parseLinkedService(found);
    },
  };
}

function checkDocument(kind: ChildKind, properties: JsonObject, documents: Documents): void {
  switch (kind) {
    case 'pipelines':
      for (const activity of parsePipeline(properties).activities) {
        if (activity.type === 'Copy') checkCopy(activity, documents);
      }
      return;
    case 'datasets':
      checkDataset(parseDataset(properties), documents);
      return;
    case 'linkedservices':
      parseLinkedService(properties);
      return;
  }
}

function checkRoom(store: ResourceStore, factory: string, kind: ChildKind, name: string): void {
  const isNew = store.child(factory, kind, name) === undefined;
  if (isNew && store.children(factory, kind).length >= childCountMax) {
    throw badRequest(`A factory may hold ${childCountMax} ${kind}.`, 'ResourceQuotaExceeded');
  }
}

function checkUnreferenced(store: ResourceStore, factory: string, kind: ChildKind, name: string): void {
  const isSame = (other: string) => other.toLowerCase() === name.toLowerCase();
  const users =
    kind === 'datasets'
      ? store
          .children(factory, 'pipelines')
          .filter(({ body }) =>
            parsePipeline(body).activities.some(({ inputs, outputs }) =>
              [...inputs, ...outputs].some((reference) => isSame(reference.name)),
            ),
          )
      : kind === 'linkedservices'
        ? store.children(factory, 'datasets').filter(({ body }) => isSame(parseDataset(body).linkedService))
        : [];
  if (users[0] === undefined) return;
  throw badRequest(`The document cannot be deleted since it is referenced by ${users[0].name}.`);
}

function factoryNamed(deps: ResourceDeps, name: string): StoredFactory {
  const factory = deps.store.factory(name);
  if (factory !== undefined) return factory;
  const message = `The Resource 'Microsoft.DataFactory/factories/${name}' under resource group '${deps.resourceGroup}' was not found.`;
  throw new ArmError(404, 'ResourceNotFound', message);
}

function factoryView(factory: StoredFactory, deps: ResourceDeps): JsonObject {
  const { body } = factory;
  return {
    ...pick(body, ['location', 'tags', 'identity']),
    id: factoryId(deps, factory.name),
    name: factory.name,
    type: 'Microsoft.DataFactory/factories',
    properties: {
      ...optionalObjectAt(body.properties, 'properties'),
      provisioningState: 'Succeeded',
      createTime: new Date(factory.createdMs).toISOString(),
      version: '2018-06-01',
    },
    eTag: `"${factory.etag}"`,
  };
}

function childView(child: StoredDocument, deps: ResourceDeps, factory: string, kind: ChildKind): JsonObject {
  return {
    id: `${factoryId(deps, factory)}/${kind}/${child.name}`,
    name: child.name,
    type: `Microsoft.DataFactory/factories/${kind}`,
    properties: withoutSecrets(child.body),
    etag: child.etag,
  };
}

/** I17: what came in as a secret never goes out. */
function withoutSecrets(value: Json | undefined): Json {
  if (isSecret(value)) return { type: 'SecureString', value: '**********' };
  if (Array.isArray(value)) return (value as readonly Json[]).map(withoutSecrets);
  if (!isObject(value)) return (value ?? null) as Json;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item)]));
}

function listPage<T extends { readonly name: string }>(
  request: HttpRequest,
  deps: ResourceDeps,
  items: readonly T[],
  view: (item: T) => JsonObject,
): HttpAnswer {
  const after = request.query.get('$skiptoken');
  const sorted = [...items].sort((a, b) => compareNames(a.name, b.name));
  const left =
    after === null ? sorted : sorted.filter(({ name }) => compareNames(name, tokenName(after)) > 0);
  const page = left.slice(0, deps.pageSize);
  const last = page.at(-1);
  if (left.length <= page.length || last === undefined) return jsonAnswer(200, { value: page.map(view) });
  const token = Buffer.from(last.name).toString('base64url');
  const routed = headerOf(request, 'x-lakewarden-host');
  const origin =
    routed !== undefined && /^[A-Za-z0-9.-]+$/.test(routed) ? `https://${routed}` : request.origin;
  const nextLink = `${origin}${request.rawPath}?api-version=2018-06-01&%24skiptoken=${token}`;
  return jsonAnswer(200, { value: page.map(view), nextLink });
}

function compareNames(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

function tokenName(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}

function isKnown(request: HttpRequest, document: { readonly etag: string }): boolean {
  return headerOf(request, 'if-none-match')?.replaceAll('"', '') === document.etag;
}

function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function pick(value: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
}

export function methodRefused(): ArmError {
  return new ArmError(405, 'MethodNotAllowed', 'The method is not allowed for this resource.');
}
