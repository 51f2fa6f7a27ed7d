import { TerminalError } from '@lakewarden/contracts';
import { isJsonObject, type JsonObject, parseJsonLongs } from '../json.ts';
import type { Commit, MetadataAction, ProtocolAction, RemoveFile, TxnAction } from './actions.ts';
import { decodePath } from './encode-actions.ts';
import { requireReadableProtocol } from './protocol.ts';
import type { AddFile } from './snapshot.ts';

/** Where something stands in the log, for errors: `bronze/orders/_delta_log/0….json:12`. */
type Place = string;

interface CommitDraft {
  info: JsonObject | undefined;
  protocol: ProtocolAction | undefined;
  metadata: MetadataAction | undefined;
  readonly txns: TxnAction[];
  readonly adds: AddFile[];
  readonly removes: RemoveFile[];
  /** Paths and appIds seen: a commit may name each once (PROTOCOL.md, Requirements for Writers, Delta Log Entries). */
  readonly seen: Set<string>;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a log entry. `file` is only for messages.
 *
 * @throws TerminalError `corrupt` naming file and line: not JSON (a torn line), an action without its required fields,
 *   an action that the commit may hold once twice; `unsupported` for a deletion vector.
 */
export function parseCommit(version: number, body: Uint8Array, file: string): Commit {
  const draft: CommitDraft = {
    info: undefined,
    protocol: undefined,
    metadata: undefined,
    txns: [],
    adds: [],
    removes: [],
    seen: new Set(),
  };
  let lineNumber = 0;
  for (const line of decode(body, file).split('\n')) {
    lineNumber += 1;
    if (line !== '' && line !== '\r') readLine(draft, line, `${file}:${lineNumber}`);
  }
  const { seen, ...commit } = draft;
  return { version, ...commit };
}

/** An `add` as it stands in a log entry or a checkpoint row. */
export function readAdd(action: JsonObject, place: Place): AddFile {
  refuseDeletionVector(action, place);
  const stats = optional(action, 'stats', 'string', place);
  const tags = action.tags;
  return {
    path: readPath(action, place),
    partitionValues: stringMap(action.partitionValues, 'partitionValues', place) ?? {},
    size: required(action, 'size', 'number', place),
    modificationTime: required(action, 'modificationTime', 'number', place),
    dataChange: required(action, 'dataChange', 'boolean', place),
    ...(stats !== undefined && { stats }),
    ...(tags !== undefined && tags !== null && { tags: withoutNulls(stringMap(tags, 'tags', place)) }),
  };
}

/** A `remove` as it stands in a log entry or a checkpoint row. */
export function readRemove(action: JsonObject, place: Place): RemoveFile {
  refuseDeletionVector(action, place);
  const deletionTimestamp = optional(action, 'deletionTimestamp', 'number', place);
  const partitionValues = stringMap(action.partitionValues, 'partitionValues', place);
  const size = optional(action, 'size', 'number', place);
  return {
    path: readPath(action, place),
    dataChange: optional(action, 'dataChange', 'boolean', place) ?? true,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(partitionValues !== undefined && { partitionValues }),
    ...(size !== undefined && { size }),
  };
}

export function readProtocol(action: JsonObject, place: Place): ProtocolAction {
  const readerFeatures = stringList(action.readerFeatures, 'readerFeatures', place);
  const writerFeatures = stringList(action.writerFeatures, 'writerFeatures', place);
  return {
    minReaderVersion: required(action, 'minReaderVersion', 'number', place),
    minWriterVersion: required(action, 'minWriterVersion', 'number', place),
    ...(readerFeatures !== undefined && { readerFeatures }),
    ...(writerFeatures !== undefined && { writerFeatures }),
  };
}

export function readMetadata(action: JsonObject, place: Place): MetadataAction {
  const format = isJsonObject(action.format) ? action.format : {};
  const name = optional(action, 'name', 'string', place);
  const description = optional(action, 'description', 'string', place);
  const createdTime = optional(action, 'createdTime', 'number', place);
  return {
    id: required(action, 'id', 'string', place),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    format: {
      provider: optional(format, 'provider', 'string', place) ?? 'parquet',
      options: withoutNulls(stringMap(format.options, 'options', place)),
    },
    // Judged with the snapshot: Databricks' pipelines start a table without one.
    schemaString: optional(action, 'schemaString', 'string', place) ?? '',
    partitionColumns: stringList(action.partitionColumns, 'partitionColumns', place) ?? [],
    configuration: withoutNulls(stringMap(action.configuration, 'configuration', place)),
    ...(createdTime !== undefined && { createdTime }),
  };
}

/** A `txn` whose longs are bigints. */
export function readTxn(action: JsonObject, place: Place): TxnAction {
  const version = action.version;
  if (typeof version !== 'bigint') throw corrupt(place, 'txn.version is not an integer');
  const lastUpdated = action.lastUpdated;
  return {
    appId: required(action, 'appId', 'string', place),
    version,
    ...(typeof lastUpdated === 'bigint' && { lastUpdated: Number(lastUpdated) }),
  };
}

function decode(body: Uint8Array, file: string): string {
  // Every entry of ours and of Spark has a commitInfo at least: nothing at all is a torn write of a store without atomic puts.
  if (body.length === 0) throw corrupt(`${file}:1`, 'the log entry is empty');
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw corrupt(`${file}:1`, 'the log entry is not UTF-8', cause);
  }
}

function readLine(draft: CommitDraft, line: string, place: Place): void {
  const action = parseLine(line, place, JSON.parse);
  if (isJsonObject(action.add)) {
    const add = readAdd(action.add, place);
    once(draft, `file ${add.path}`, place);
    draft.adds.push(add);
  } else if (isJsonObject(action.remove)) {
    const remove = readRemove(action.remove, place);
    once(draft, `file ${remove.path}`, place);
    draft.removes.push(remove);
  } else if (isJsonObject(action.txn)) {
    const txn = readTxn(parseLine(line, place, parseJsonLongs).txn as JsonObject, place);
    once(draft, `txn of ${txn.appId}`, place);
    draft.txns.push(txn);
  } else if (isJsonObject(action.commitInfo)) {
    draft.info = action.commitInfo;
  } else if (isJsonObject(action.metaData)) {
    once(draft, 'metaData', place);
    draft.metadata = readMetadata(action.metaData, place);
  } else if (isJsonObject(action.protocol)) {
    once(draft, 'protocol', place);
    draft.protocol = readProtocol(action.protocol, place);
    // At once: what follows a protocol that we do not know may have a meaning, or a form, that we do not know.
    requireReadableProtocol(place, draft.protocol);
  }
  // Anything else (cdc, domainMetadata, what is yet to come) is never needed to read a table of reader version 1
  // (PROTOCOL.md, Protocol Evolution: clients must ignore what they do not know).
}

function parseLine(line: string, place: Place, parse: (text: string) => unknown): JsonObject {
  let action: unknown;
  try {
    action = parse(line);
  } catch (cause) {
    throw corrupt(place, 'the line is not JSON; was it cut off?', cause);
  }
  if (!isJsonObject(action)) throw corrupt(place, 'the line is not a JSON object');
  return action;
}

function once(draft: CommitDraft, key: string, place: Place): void {
  if (draft.seen.has(key)) throw corrupt(place, `the commit names ${key} twice`);
  draft.seen.add(key);
}

function refuseDeletionVector(action: JsonObject, place: Place): void {
  if (action.deletionVector === undefined || action.deletionVector === null) return;
  throw new TerminalError('unsupported', `${place}  the file has a deletion vector`);
}

function readPath(action: JsonObject, place: Place): string {
  const text = required(action, 'path', 'string', place);
  try {
    return decodePath(text);
  } catch (cause) {
    throw corrupt(place, `the path ${text} is not percent-encoded`, cause);
  }
}

interface Primitives {
  string: string;
  number: number;
  boolean: boolean;
}

function optional<K extends keyof Primitives>(
  action: JsonObject,
  key: string,
  type: K,
  place: Place,
): Primitives[K] | undefined {
  const value = action[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== type) throw corrupt(place, `${key} is not a ${type}`);
  return value as Primitives[K];
}

function required<K extends keyof Primitives>(
  action: JsonObject,
  key: string,
  type: K,
  place: Place,
): Primitives[K] {
  const value = optional(action, key, type, place);
  if (value === undefined) throw corrupt(place, `${key} is missing`);
  return value;
}

function stringMap(
  value: unknown,
  key: string,
  place: Place,
): Readonly<Record<string, string | null>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw corrupt(place, `${key} is not a map`);
  for (const item of Object.values(value)) {
    if (item !== null && typeof item !== 'string') throw corrupt(place, `${key} holds what is not a string`);
  }
  return value as Record<string, string | null>;
}

function withoutNulls(map: Readonly<Record<string, string | null>> | undefined): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(map ?? {})) if (value !== null) kept[key] = value;
  return kept;
}

function stringList(value: unknown, key: string, place: Place): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw corrupt(place, `${key} is not a list of strings`);
  }
  return value as string[];
}

export function corrupt(place: Place, message: string, cause?: unknown): TerminalError {
  return new TerminalError('corrupt', `${place}  ${message}`, { cause });
}
