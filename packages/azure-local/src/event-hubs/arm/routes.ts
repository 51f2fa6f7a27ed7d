/**
 * Microsoft.EventHub of Azure Resource Manager, api-version 2024-01-01 (resource-manager specification, eventhubs.json,
 * namespaces.json, consumergroups.json). Namespaces are made with their first hub too.
 */
import { jsonAnswer, jsonError } from '../../server/http-server.ts';
import type { HttpAnswer, HttpRequest, HttpService } from '../../server/service.ts';
import { DEFAULT_CONSUMER_GROUP, type HubStore } from '../hub-store.ts';
import { describeConsumerGroup, describeHub, describeNamespace } from './describe.ts';
import { isValidName, Refused, readHubRequest, userMetadataOf } from './hub-request.ts';

/** A path below the provider, its names decoded. */
type Route = {
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly namespace?: string;
  readonly hub?: string;
  readonly group?: string;
  /** Empty, or the collection that the path ends with. */
  readonly list?: 'namespaces' | 'eventhubs' | 'consumergroups';
};

const PATH =
  /^\/subscriptions\/(?<subscription>[^/]+)(?:\/resourceGroups\/(?<resourceGroup>[^/]+))?\/providers\/Microsoft\.EventHub\/namespaces(?:\/(?<namespace>[^/]+)(?<hubs>\/eventhubs(?:\/(?<hub>[^/]+)(?<groups>\/consumergroups(?:\/(?<group>[^/]+))?)?)?)?)?\/?$/i;

export function createEventHubsArm(hubs: HubStore): HttpService {
  return {
    operation: (request) => {
      const route = parseRoute(request.rawPath);
      if (route === undefined) return undefined;
      const noun =
        route.list ??
        (route.group !== undefined ? 'consumergroup' : route.hub !== undefined ? 'eventhub' : 'namespace');
      return `${request.method.toLowerCase()}-${noun}`;
    },
    handle: async (request) => {
      if (!request.query.has('api-version')) {
        const message = 'The api-version query parameter (?api-version=) is required for all requests.';
        return jsonError({ status: 400, code: 'MissingApiVersionParameter', message });
      }
      const route = parseRoute(request.rawPath);
      if (route === undefined) return notFound('The path names no resource of Microsoft.EventHub.');
      try {
        return await answer(hubs, route, request);
      } catch (error) {
        if (error instanceof Refused)
          return jsonError({ status: 400, code: 'BadRequest', message: error.message });
        throw error;
      }
    },
  };
}

function parseRoute(rawPath: string): Route | undefined {
  const groups = PATH.exec(rawPath)?.groups;
  if (groups === undefined) return undefined;
  const named = (name: string) => {
    const text = groups[name];
    return text === undefined ? {} : { [name]: decodeURIComponent(text) };
  };
  const list =
    groups.namespace === undefined
      ? 'namespaces'
      : groups.hubs !== undefined && groups.hub === undefined
        ? 'eventhubs'
        : groups.groups !== undefined && groups.group === undefined
          ? 'consumergroups'
          : undefined;
  return {
    subscription: groups.subscription ?? '',
    resourceGroup: groups.resourceGroup ?? '',
    ...named('namespace'),
    ...named('hub'),
    ...named('group'),
    ...(list === undefined ? {} : { list }),
  };
}

async function answer(hubs: HubStore, route: Route, request: HttpRequest): Promise<HttpAnswer> {
  const { method } = request;
  if (route.list !== undefined) return method === 'GET' ? listOf(hubs, route, request) : notAllowed(method);
  if (!['GET', 'PUT', 'DELETE'].includes(method)) return notAllowed(method);
  for (const name of [route.namespace, route.hub])
    if (name !== undefined && !isValidName(name)) throw new Refused(`'${name}' is not a valid name.`);
  if (route.group !== undefined) return consumerGroup(hubs, route, request);
  if (route.hub !== undefined) return hub(hubs, route, request);
  return namespace(hubs, route, request);
}

async function listOf(hubs: HubStore, route: Route, request: HttpRequest): Promise<HttpAnswer> {
  const page = <T>(all: readonly T[]) => {
    const skip = Number(request.query.get('$skip') ?? 0);
    const top = Number(request.query.get('$top') ?? 1000);
    return jsonAnswer(200, { value: all.slice(skip, skip + top) });
  };
  const { namespace = '', hub: hubName = '' } = route;
  if (route.list === 'namespaces')
    return page(hubs.namespaces().map((entry) => describeNamespace(route, entry)));
  if (hubs.namespace(namespace) === undefined) return noParent(namespace);
  if (route.list === 'eventhubs') return page(hubs.hubs(namespace).map((entry) => describeHub(route, entry)));
  const found = hubs.find(namespace, hubName);
  if (found === undefined) return noParent(hubName);
  return page(found.record.consumerGroups.map((group) => describeConsumerGroup(route, found, group)));
}

async function namespace(hubs: HubStore, route: Route, request: HttpRequest): Promise<HttpAnswer> {
  const { namespace: name = '' } = route;
  const existing = hubs.namespace(name);
  if (request.method === 'DELETE')
    return (await hubs.removeNamespace(name)) ? jsonAnswer(200, {}) : { status: 204 };
  if (request.method === 'GET')
    return existing === undefined
      ? notFound(`The namespace '${name}' was not found.`, 'ResourceNotFound')
      : jsonAnswer(200, describeNamespace(route, existing));
  const body = (await request.json()) as { readonly location?: unknown } | undefined;
  const location = typeof body?.location === 'string' ? body.location : undefined;
  const made = await hubs.createNamespace(name, location);
  return jsonAnswer(existing === undefined ? 201 : 200, describeNamespace(route, made));
}

async function hub(hubs: HubStore, route: Route, request: HttpRequest): Promise<HttpAnswer> {
  const { namespace = '', hub: name = '' } = route;
  const existing = hubs.find(namespace, name);
  if (request.method === 'DELETE')
    return (await hubs.remove(namespace, name)) ? { status: 200 } : { status: 204 };
  if (request.method === 'GET') {
    if (existing !== undefined) return jsonAnswer(200, describeHub(route, existing));
    if (hubs.namespace(namespace) === undefined) return noParent(namespace);
    return notFound(`The requested resource '${name}' does not exist.`);
  }
  const asked = readHubRequest(await request.json());
  if (existing === undefined) {
    const made = await hubs.create({
      namespace,
      name,
      partitionCount: asked.partitionCount ?? DEFAULT_PARTITIONS,
      retentionHours:
        asked.retentionHours === undefined ? DEFAULT_RETENTION_HOURS : (asked.retentionHours ?? undefined),
      userMetadata: asked.userMetadata,
    });
    return jsonAnswer(200, describeHub(route, made));
  }
  if (asked.partitionCount !== undefined && asked.partitionCount !== existing.partitions.length)
    throw new Refused('The partition count of an event hub cannot be changed after it was made.');
  const { retentionHours, userMetadata } = asked;
  await existing.change({
    ...(retentionHours === undefined ? {} : { retentionHours }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
  });
  return jsonAnswer(200, describeHub(route, existing));
}

/** Assumed, as the specification names no defaults. */
const DEFAULT_PARTITIONS = 4;
const DEFAULT_RETENTION_HOURS = 7 * 24;

async function consumerGroup(hubs: HubStore, route: Route, request: HttpRequest): Promise<HttpAnswer> {
  const { namespace = '', hub: hubName = '', group: name = '' } = route;
  const found = hubs.find(namespace, hubName);
  if (found === undefined) return noParent(hubName);
  const existing = found.consumerGroup(name);
  const others = found.record.consumerGroups.filter((group) => group !== existing);
  if (request.method === 'GET')
    return existing === undefined
      ? notFound(`The requested resource '${name}' does not exist.`)
      : jsonAnswer(200, describeConsumerGroup(route, found, existing));
  if (request.method === 'DELETE') {
    if (existing === undefined) return { status: 204 };
    if (existing.name === DEFAULT_CONSUMER_GROUP)
      throw new Refused('The default consumer group cannot be deleted.');
    await found.change({ consumerGroups: others });
    return { status: 200 };
  }
  if (!isValidName(name) && name !== DEFAULT_CONSUMER_GROUP)
    throw new Refused(`'${name}' is not a valid name.`);
  const updatedAtMs = hubs.now();
  const userMetadata = userMetadataOf(await request.json()) ?? existing?.userMetadata;
  const group = {
    name: existing?.name ?? name,
    createdAtMs: existing?.createdAtMs ?? updatedAtMs,
    updatedAtMs,
    ...(userMetadata === undefined ? {} : { userMetadata }),
  };
  await found.change({ consumerGroups: [...others, group] });
  return jsonAnswer(200, describeConsumerGroup(route, found, group));
}

function notFound(message: string, code = 'NotFound'): HttpAnswer {
  return jsonError({ status: 404, code, message });
}

function noParent(name: string): HttpAnswer {
  const message = `Failed to perform the operation on a nested resource, because the parent resource '${name}' could not be found.`;
  return notFound(message, 'ParentResourceNotFound');
}

function notAllowed(method: string): HttpAnswer {
  return jsonError({
    status: 405,
    code: 'MethodNotAllowed',
    message: `The method ${method} is not supported here.`,
  });
}
