import { type JsonObject, jsonLong } from '../json.ts';
import type { MetadataAction, ProtocolAction, RemoveFile, TxnAction } from './actions.ts';
import type { AddFile } from './snapshot.ts';

/** One action a line, each line ended, so that entries can be joined and a cut one is seen. */
export function encodeLines(actions: readonly JsonObject[]): string {
  return actions.map((action) => `${JSON.stringify(action)}\n`).join('');
}

export function addAction(file: AddFile): JsonObject {
  return {
    add: {
      path: encodePath(file.path),
      partitionValues: file.partitionValues,
      size: file.size,
      modificationTime: file.modificationTime,
      dataChange: file.dataChange,
      ...(file.stats !== undefined && { stats: file.stats }),
      ...(file.tags !== undefined && { tags: file.tags }),
    },
  };
}

export function removeAction(file: RemoveFile): JsonObject {
  return {
    remove: {
      path: encodePath(file.path),
      dataChange: file.dataChange,
      deletionTimestamp: file.deletionTimestamp,
      ...(file.partitionValues !== undefined &&
        file.size !== undefined && {
          extendedFileMetadata: true,
          partitionValues: file.partitionValues,
          size: file.size,
        }),
    },
  };
}

export function txnAction(txn: TxnAction): JsonObject {
  return { txn: { appId: txn.appId, version: jsonLong(txn.version), lastUpdated: txn.lastUpdated } };
}

export function protocolAction(protocol: ProtocolAction): JsonObject {
  return { protocol };
}

export function metadataAction(metadata: MetadataAction): JsonObject {
  return { metaData: metadata };
}

/** RFC 2396, as `java.net.URI` and delta-rs read it: what a path may hold as it is stays, the rest is percent-encoded. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** Decoded exactly once; `+` stays `+` (facts.md, Data 1.4). Throws `URIError` when it is not percent-encoded. */
export function decodePath(text: string): string {
  return text.includes('%') ? decodeURIComponent(text) : text;
}
