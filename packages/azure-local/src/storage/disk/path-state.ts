import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { PathProperties } from './properties-store.ts';

export type PathState = {
  readonly isDirectory: boolean;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly createdMs: number;
  readonly properties: PathProperties;
  readonly stats: BigIntStats;
};

/** Undefined when nothing is there. */
export async function lstatOrNothing(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A file among the parents: nothing can be below it.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** State from what the disk says, so that files put there by hand have one too. */
export function stateOf(stats: BigIntStats, properties: PathProperties): PathState {
  const isDirectory = stats.isDirectory();
  const contentUs = (isDirectory ? stats.birthtimeNs : stats.mtimeNs) / 1000n;
  const changedMs = properties.changedMs ?? 0;
  return {
    isDirectory,
    bytes: isDirectory ? 0 : Number(stats.size),
    etag: etagOf(stats, contentUs, isDirectory, properties.version),
    lastModifiedMs: Math.max(Number(contentUs) / 1000, changedMs),
    createdMs: Number(stats.birthtimeNs / 1_000_000n),
    properties,
    stats,
  };
}

function etagOf(stats: BigIntStats, contentUs: bigint, isDirectory: boolean, version: number): string {
  const identity = `${stats.ino}/${contentUs}/${isDirectory ? 'd' : stats.size}/${version}`;
  return `0x8${createHash('sha1').update(identity).digest('hex').slice(0, 14).toUpperCase()}`;
}
