/**
 * HTTP conditions as storage judges them ("Specifying conditional headers for Blob service operations").
 * Pure. A failed If-None-Match: * on a write is its own outcome: the service says 409, not 412.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { StorageRefusal } from './storage-refusal.ts';

export type Conditions = {
  /** Bare etags (no quotes); `*` matches whatever exists. */
  readonly ifMatch?: readonly string[];
  readonly ifNoneMatch?: readonly string[];
  /** Milliseconds, whole seconds. */
  readonly ifModifiedSinceMs?: number;
  readonly ifUnmodifiedSinceMs?: number;
};

export type ConditionedState = { readonly etag: string; readonly lastModifiedMs: number };

export const NO_CONDITIONS: Conditions = {};

/** Reads the four headers, with `prefix` `x-ms-source-` for those about the source of a rename or copy. */
export function readConditions(headers: IncomingHttpHeaders, prefix = ''): Conditions {
  const ifMatch = etags(headers[`${prefix}if-match`]);
  const ifNoneMatch = etags(headers[`${prefix}if-none-match`]);
  const ifModifiedSinceMs = date(headers[`${prefix}if-modified-since`]);
  const ifUnmodifiedSinceMs = date(headers[`${prefix}if-unmodified-since`]);
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(ifModifiedSinceMs === undefined ? {} : { ifModifiedSinceMs }),
    ...(ifUnmodifiedSinceMs === undefined ? {} : { ifUnmodifiedSinceMs }),
  };
}

/** `state` undefined: nothing is there. */
export function judgeWrite(
  conditions: Conditions,
  state: ConditionedState | undefined,
): 'ok' | 'exists' | 'not-met' {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !names(ifMatch, state)) return 'not-met';
  if (ifNoneMatch?.includes('*') === true && state !== undefined) return 'exists';
  if (ifNoneMatch !== undefined && names(ifNoneMatch, state)) return 'not-met';
  if (state === undefined) return 'ok';
  if (!modifiedSince(conditions, state) || !unmodifiedSince(conditions, state)) return 'not-met';
  return 'ok';
}

export function judgeRead(
  conditions: Conditions,
  state: ConditionedState,
): 'ok' | 'not-met' | 'not-modified' {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !names(ifMatch, state)) return 'not-met';
  if (!unmodifiedSince(conditions, state)) return 'not-met';
  if (ifNoneMatch !== undefined && names(ifNoneMatch, state)) return 'not-modified';
  // RFC 9110 13.1.3: If-Modified-Since is ignored beside If-None-Match.
  if (ifNoneMatch === undefined && !modifiedSince(conditions, state)) return 'not-modified';
  return 'ok';
}

/** Throws what `judgeWrite` found; `exists` is a 409. */
export function requireWrite(conditions: Conditions, state: ConditionedState | undefined): void {
  const verdict = judgeWrite(conditions, state);
  if (verdict === 'exists') throw new StorageRefusal('path-exists');
  if (verdict === 'not-met') throw new StorageRefusal('condition-not-met');
}

export function requireRead(conditions: Conditions, state: ConditionedState): void {
  const verdict = judgeRead(conditions, state);
  if (verdict === 'not-modified')
    throw new StorageRefusal('not-modified', undefined, { etag: `"${state.etag}"` });
  if (verdict === 'not-met') throw new StorageRefusal('condition-not-met');
}

function names(list: readonly string[], state: ConditionedState | undefined): boolean {
  return state !== undefined && (list.includes('*') || list.includes(state.etag));
}

function modifiedSince({ ifModifiedSinceMs }: Conditions, state: ConditionedState): boolean {
  return ifModifiedSinceMs === undefined || wholeSeconds(state.lastModifiedMs) > ifModifiedSinceMs;
}

function unmodifiedSince({ ifUnmodifiedSinceMs }: Conditions, state: ConditionedState): boolean {
  return ifUnmodifiedSinceMs === undefined || wholeSeconds(state.lastModifiedMs) <= ifUnmodifiedSinceMs;
}

// Clients only ever see Last-Modified in whole seconds.
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function etags(header: string | string[] | undefined): readonly string[] | undefined {
  if (header === undefined || header === '') return undefined;
  return String(header)
    .split(',')
    .map((etag) =>
      etag
        .trim()
        .replace(/^W\//, '')
        .replace(/^"(.*)"$/, '$1'),
    );
}

function date(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const ms = Date.parse(String(header));
  if (Number.isNaN(ms)) throw new StorageRefusal('invalid-header', 'A date can not be read.');
  return ms;
}
