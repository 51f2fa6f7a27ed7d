/**
 * The documents of all factories: one file a factory, `<dir>/<factory>/resources.json`, replaced whole at each change.
 * Names are compared without case, as the resource manager does. Linked services may hold secrets: 0600.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeFileDurably } from '../server/durable-file.ts';
import { ArmError } from './arm-error.ts';
import type { JsonObject } from './json.ts';

export const childKinds = ['pipelines', 'datasets', 'linkedservices'] as const;
export type ChildKind = (typeof childKinds)[number];

export interface StoredDocument {
  /** As first written; later writes with another case keep it. */
  readonly name: string;
  readonly etag: string;
  /** For a factory the whole body, for the others `properties`. */
  readonly body: JsonObject;
}

interface FactoryState {
  readonly factory: StoredDocument & { readonly createdMs: number };
  readonly children: Readonly<Record<ChildKind, Readonly<Record<string, StoredDocument>>>>;
}

export interface ResourceStore {
  factories(): readonly FactoryState['factory'][];
  factory(name: string): FactoryState['factory'] | undefined;
  putFactory(
    name: string,
    body: JsonObject,
    ifMatch: string | undefined,
    nowMs: number,
  ): Promise<FactoryState['factory']>;
  /** False when there was none. Its run history goes with it. */
  deleteFactory(name: string): Promise<boolean>;
  children(factory: string, kind: ChildKind): readonly StoredDocument[];
  child(factory: string, kind: ChildKind, name: string): StoredDocument | undefined;
  putChild(
    factory: string,
    kind: ChildKind,
    name: string,
    body: JsonObject,
    ifMatch: string | undefined,
  ): Promise<StoredDocument>;
  deleteChild(factory: string, kind: ChildKind, name: string): Promise<boolean>;
}

const noChildren: FactoryState['children'] = { pipelines: {}, datasets: {}, linkedservices: {} };

export async function openResourceStore(dir: string): Promise<ResourceStore> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const states = await loadStates(dir);
  const inTurn = createTurns();
  const keyOf = (name: string) => name.toLowerCase();

  async function save(state: FactoryState): Promise<void> {
    const key = keyOf(state.factory.name);
    await writeFileDurably(join(dir, key, 'resources.json'), JSON.stringify(state, null, 1), 0o600);
    states.set(key, state);
  }

  function stateOf(factory: string): FactoryState {
    const state = states.get(keyOf(factory));
    if (state === undefined)
      throw new ArmError(404, 'ResourceNotFound', `The factory '${factory}' was not found.`);
    return state;
  }

  async function putChildInTurn(
    factory: string,
    kind: ChildKind,
    name: string,
    body: JsonObject,
    ifMatch: string | undefined,
  ): Promise<StoredDocument> {
    const state = stateOf(factory);
    const existing = own(state.children[kind], keyOf(name));
    checkMatch(ifMatch, existing?.etag);
    const document = { name: existing?.name ?? name, etag: randomUUID(), body };
    const documents = { ...state.children[kind], [keyOf(name)]: document };
    await save({ ...state, children: { ...state.children, [kind]: documents } });
    return document;
  }

  async function deleteChildInTurn(factory: string, kind: ChildKind, name: string): Promise<boolean> {
    const state = stateOf(factory);
    if (own(state.children[kind], keyOf(name)) === undefined) return false;
    const { [keyOf(name)]: _removed, ...documents } = state.children[kind];
    await save({ ...state, children: { ...state.children, [kind]: documents } });
    return true;
  }

  return {
    factories: () => [...states.values()].map((state) => state.factory),
    factory: (name) => states.get(keyOf(name))?.factory,
    putFactory: (name, body, ifMatch, nowMs) =>
      inTurn(async () => {
        const state = states.get(keyOf(name));
        checkMatch(ifMatch, state?.factory.etag);
        const factory = {
          name: state?.factory.name ?? name,
          etag: randomUUID(),
          body,
          createdMs: state?.factory.createdMs ?? nowMs,
        };
        await save({ factory, children: state?.children ?? noChildren });
        return factory;
      }),
    deleteFactory: (name) =>
      inTurn(async () => {
        if (!states.has(keyOf(name))) return false;
        await removeFolder(dir, keyOf(name));
        states.delete(keyOf(name));
        return true;
      }),
    children: (factory, kind) => Object.values(stateOf(factory).children[kind]),
    child: (factory, kind, name) => own(stateOf(factory).children[kind], keyOf(name)),
    putChild: (factory, kind, name, body, ifMatch) =>
      inTurn(() => putChildInTurn(factory, kind, name, body, ifMatch)),
    deleteChild: (factory, kind, name) => inTurn(() => deleteChildInTurn(factory, kind, name)),
  };
}

/** A pipeline may be called `constructor`. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** RFC 9110 13.1.1; a PUT without If-Match overwrites, as the service does. */
function checkMatch(ifMatch: string | undefined, etag: string | undefined): void {
  if (ifMatch === undefined) return;
  const wanted = ifMatch.replaceAll('"', '');
  if (etag !== undefined && (wanted === '*' || wanted === etag)) return;
  throw new ArmError(412, 'PreconditionFailed', 'The etag of the entity does not match the given one.');
}

/** One writer at a time: the check of an etag and the write it allows may not be parted. */
function createTurns(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const mine = last.then(task, task);
    last = mine.catch(() => {});
    return mine;
  };
}

async function loadStates(dir: string): Promise<Map<string, FactoryState>> {
  const states = new Map<string, FactoryState>();
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    if (entry.name.endsWith(removedSuffix)) {
      await rm(join(dir, entry.name), { recursive: true, force: true });
      continue;
    }
    const text = await readFile(join(dir, entry.name, 'resources.json'), 'utf8');
    states.set(entry.name, JSON.parse(text) as FactoryState);
  }
  return states;
}

const removedSuffix = '.removed';

/** Renamed first: a crash in the middle leaves nothing that a restart would take for a factory. */
async function removeFolder(dir: string, name: string): Promise<void> {
  const removed = join(dir, `${name}${removedSuffix}`);
  await rm(removed, { recursive: true, force: true });
  await rename(join(dir, name), removed);
  await syncDirectory(dir);
  await rm(removed, { recursive: true, force: true });
}
