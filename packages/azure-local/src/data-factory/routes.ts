/** Paths of the control plane. Fixed words are compared without case, as the resource manager does. Pure. */
import { badRequest } from './arm-error.ts';
import { type ChildKind, childKinds } from './resource-store.ts';

export type Route =
  | { readonly kind: 'factories'; readonly resourceGroup: string | undefined }
  | { readonly kind: 'factory'; readonly factory: string }
  | { readonly kind: 'children'; readonly factory: string; readonly child: ChildKind }
  | { readonly kind: 'child'; readonly factory: string; readonly child: ChildKind; readonly name: string }
  | { readonly kind: 'create-run'; readonly factory: string; readonly pipeline: string }
  | { readonly kind: 'query-runs'; readonly factory: string }
  | { readonly kind: 'run'; readonly factory: string; readonly runId: string }
  | { readonly kind: 'cancel-run'; readonly factory: string; readonly runId: string }
  | { readonly kind: 'query-activity-runs'; readonly factory: string; readonly runId: string };

export interface RoutedPath {
  readonly subscriptionId: string;
  readonly resourceGroup: string | undefined;
  /** Undefined: a path of Data Factory that is not emulated. */
  readonly route: Route | undefined;
}

export function parseRoute(rawPath: string): RoutedPath | undefined {
  const segments = rawPath.split('/').slice(1).map(decoded);
  const [subscriptions, subscriptionId = '', ...rest] = segments;
  if (!isWord(subscriptions, 'subscriptions')) return undefined;
  const inGroup = isWord(rest[0], 'resourceGroups');
  const resourceGroup = inGroup ? rest[1] : undefined;
  const [providers, namespace, ...path] = inGroup ? rest.slice(2) : rest;
  if (!isWord(providers, 'providers') || !isWord(namespace, 'Microsoft.DataFactory')) return undefined;
  return { subscriptionId, resourceGroup, route: routeOf(path, resourceGroup) };
}

function routeOf(path: readonly string[], resourceGroup: string | undefined): Route | undefined {
  const [factories, factory, collection, name, action, ...more] = path;
  if (!isWord(factories, 'factories') || more.length > 0) return undefined;
  if (factory === undefined) return { kind: 'factories', resourceGroup };
  // Below a subscription alone only the list of factories lives.
  if (resourceGroup === undefined) return undefined;
  if (collection === undefined) return { kind: 'factory', factory };
  if (isWord(collection, 'queryPipelineRuns') && name === undefined) return { kind: 'query-runs', factory };
  if (isWord(collection, 'pipelineruns')) return runRoute(factory, name, action);
  const child = childKinds.find((kind) => isWord(collection, kind));
  if (child === undefined) return undefined;
  if (name === undefined) return { kind: 'children', factory, child };
  if (action === undefined) return { kind: 'child', factory, child, name };
  if (child === 'pipelines' && isWord(action, 'createRun'))
    return { kind: 'create-run', factory, pipeline: name };
  return undefined;
}

function runRoute(factory: string, runId: string | undefined, action: string | undefined): Route | undefined {
  if (runId === undefined) return undefined;
  if (action === undefined) return { kind: 'run', factory, runId };
  if (isWord(action, 'cancel')) return { kind: 'cancel-run', factory, runId };
  if (isWord(action, 'queryActivityruns')) return { kind: 'query-activity-runs', factory, runId };
  return undefined;
}

function isWord(segment: string | undefined, word: string): boolean {
  return segment?.toLowerCase() === word.toLowerCase();
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('The path is not correctly percent-encoded.');
  }
}

/** Name rules of the REST specification 2018-06-01 (patterns and lengths of the path parameters). */
export function checkName(kind: 'factory' | ChildKind, name: string): void {
  const rule =
    kind === 'factory'
      ? { pattern: /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/, min: 3, max: 63 }
      : { pattern: /^[A-Za-z0-9_][^<>*#.%&:\\+?/\u0000-\u001f]*$/, min: 1, max: 260 };
  if (rule.pattern.test(name) && name.length >= rule.min && name.length <= rule.max) return;
  throw badRequest(`The name '${name.slice(0, 100)}' is not valid for ${kind}.`, 'InvalidResourceName');
}
