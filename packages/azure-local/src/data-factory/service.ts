import { join } from 'node:path';
import { jsonError } from '../server/http-server.ts';
import type { DataFactory, DataFactoryOptions, Faults, HttpAnswer, HttpRequest } from '../server/service.ts';
import { ArmError, badRequest } from './arm-error.ts';
import type { CopyDistortion } from './copy/run-copy.ts';
import { answerChild, answerChildren, answerFactories, answerFactory } from './resource-handlers.ts';
import { openResourceStore } from './resource-store.ts';
import { parseRoute, type RoutedPath } from './routes.ts';
import { answerRuns, type FactoryRuns, type RunDeps } from './run-handlers.ts';
import { createRunEngine, type EngineTiming } from './runs/run-engine.ts';
import { createRunSlots } from './runs/run-slots.ts';
import { openRunStore } from './runs/run-store.ts';

/** How the local Data Factory differs from the real one in time, and where it is made to lie. All optional. */
export interface DataFactoryTuning extends Partial<EngineTiming> {
  readonly listingLagMs?: number;
  /** Resources on a page of a list. */
  readonly listPageSize?: number;
  /** Asked once for each copy, by `/factories/<f>/pipelines/<p>/activities/<a>`. */
  readonly distortCopy?: (path: string) => CopyDistortion | undefined;
}

/**
 * The control plane of Data Factory (ARM, api-version 2018-06-01) and the engine behind it.
 * Sources: the REST specification 2018-06-01 and @azure/arm-datafactory 12; what is assumed is marked where it is done.
 */
export async function createDataFactory(
  options: DataFactoryOptions & DataFactoryTuning,
): Promise<DataFactory> {
  const { secrets, now, faults, lake } = options;
  const dir = join(options.dataDir, 'datafactory');
  const store = await openResourceStore(dir);
  const slots = createRunSlots();
  const runs = new Map<string, FactoryRuns>();
  const timing: EngineTiming = {
    queueDelayMs: options.queueDelayMs ?? 20,
    cancelDelayMs: options.cancelDelayMs ?? 20,
    retryIntervalScale: options.retryIntervalScale ?? 1,
  };
  const distortCopy = options.distortCopy ?? ((path: string) => distortionBy(faults, path));
  const activityDeps = { lake, faults, now, distortCopy };

  async function openRuns(factory: string): Promise<void> {
    const key = factory.toLowerCase();
    if (runs.has(key)) return;
    const runStore = await openRunStore(join(dir, key, 'runs.jsonl'), now);
    const engine = createRunEngine(runStore, activityDeps, timing, slots);
    runs.set(key, { store: runStore, engine });
    engine.resume();
  }

  async function closeRuns(factory: string): Promise<void> {
    const open = runs.get(factory.toLowerCase());
    if (open === undefined) return;
    runs.delete(factory.toLowerCase());
    await open.engine.close();
    await open.store.close();
  }

  const deps: RunDeps = {
    store,
    now,
    subscriptionId: secrets.subscriptionId,
    resourceGroup: secrets.resourceGroup,
    pageSize: options.listPageSize ?? 50,
    listingLagMs: (factory) => listingLagBy(faults, factory) ?? options.listingLagMs ?? 0,
    factoryMade: openRuns,
    factoryGoing: closeRuns,
    runsOf: (factory) => runs.get(factory.toLowerCase()),
  };
  for (const { name } of store.factories()) await openRuns(name);

  return {
    arm: {
      operation: (request) => operationOf(request),
      handle: (request) => answer(request, deps),
    },
    runs: () => [...runs.values()].flatMap((each) => each.store.all()),
    close: async () => {
      await Promise.all([...runs.keys()].map(closeRuns));
    },
  };
}

function distortionBy(faults: Faults, path: string): CopyDistortion | undefined {
  const target = { service: 'data-factory', method: 'RUN', path, operation: 'copy' } as const;
  const fault = faults.strike(target, 'distort-copy');
  if (fault === undefined) return undefined;
  return fault.what === 'zero-rows'
    ? { kind: 'zero-rows' }
    : { kind: 'partial-files', fileCount: fault.fileCount };
}

function listingLagBy(faults: Faults, factory: string): number | undefined {
  const path = `/factories/${factory}`;
  const target = { service: 'data-factory', method: 'QUERY', path, operation: 'query-runs' } as const;
  return faults.strike(target, 'listing-lag')?.lagMs;
}

async function answer(request: HttpRequest, deps: RunDeps): Promise<HttpAnswer> {
  try {
    return await dispatch(request, deps);
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    const retryAfter: Record<string, string> = error.status === 429 ? { 'retry-after': '10' } : {};
    return jsonError({ status: error.status, code: error.code, message: error.message }, retryAfter);
  }
}

async function dispatch(request: HttpRequest, deps: RunDeps): Promise<HttpAnswer> {
  const path = parseRoute(request.rawPath);
  checkScope(path, request, deps);
  const route = path?.route;
  if (route === undefined) throw new ArmError(404, 'NotFound', 'This part of Data Factory is not emulated.');
  switch (route.kind) {
    case 'factories':
      return answerFactories(request, deps);
    case 'factory':
      return answerFactory(request, deps, route.factory);
    case 'children':
      return answerChildren(request, deps, route.factory, route.child);
    case 'child':
      return answerChild(request, deps, route.factory, route.child, route.name);
    default:
      return answerRuns(request, deps, route);
  }
}

function checkScope(path: RoutedPath | undefined, request: HttpRequest, deps: RunDeps): void {
  if (path === undefined) throw new ArmError(404, 'NotFound', 'This path is not one of Data Factory.');
  if (path.subscriptionId.toLowerCase() !== deps.subscriptionId.toLowerCase()) {
    throw new ArmError(
      404,
      'SubscriptionNotFound',
      `The subscription '${path.subscriptionId}' could not be found.`,
    );
  }
  const group = path.resourceGroup;
  if (group !== undefined && group.toLowerCase() !== deps.resourceGroup.toLowerCase()) {
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
  }
  const version = request.query.get('api-version');
  if (version === null)
    throw badRequest('The api-version query parameter is required.', 'MissingApiVersionParameter');
  if (version !== '2018-06-01') {
    throw badRequest(
      `The api-version '${version}' is not supported; use 2018-06-01.`,
      'NoRegisteredProviderFound',
    );
  }
}

/** Names that faults match: `create-run`, `query-runs`, `get-run`, `put-pipeline`, ... */
function operationOf(request: HttpRequest): string | undefined {
  let route: RoutedPath['route'];
  try {
    route = parseRoute(request.rawPath)?.route;
  } catch {
    return undefined;
  }
  const method = request.method.toLowerCase();
  if (route === undefined) return undefined;
  switch (route.kind) {
    case 'factories':
      return 'list-factories';
    case 'factory':
      return `${method}-factory`;
    case 'children':
      return `list-${route.child}`;
    case 'child':
      return `${method}-${route.child.replace(/s$/, '')}`;
    case 'run':
      return 'get-run';
    default:
      return route.kind;
  }
}
