import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createQueryEngine, type LakeRelation, type Pipeline } from '@lakewarden/compute';
import { SLICE_COLUMN, TerminalError } from '@lakewarden/contracts';
import { type ReadTable, rootOf, summariseTables, tableNames } from '@lakewarden/core';
import { loadSnapshot, type Snapshot } from '@lakewarden/delta';
import { openFolderLake } from './adapters/folder-lake.ts';
import type { AgentConfig } from './config.ts';
import { statusOf } from './lake-status.ts';
import { engineOptions } from './parts.ts';
import { locator } from './run-once.ts';

/** More than a person reads; a program asks the files themselves. */
const QUERY_ROWS_MAX = 10_000;

/** The reading verbs: answers from the files of a local lake, with no agent up and no right to write. */
export interface LakeReader {
  tables(signal: AbortSignal): Promise<unknown>;
  status(signal: AbortSignal): Promise<unknown>;
  query(sql: string, signal: AbortSignal): Promise<unknown>;
}

export function createReader(config: AgentConfig, pipeline: Pipeline): LakeReader {
  const { lakeFolder } = config;
  if (lakeFolder === undefined) {
    throw new TerminalError(
      'unsupported',
      'the reading verbs need a local lake; ask the running agent instead',
    );
  }
  const lake = openFolderLake(lakeFolder);
  const seen = new Map<string, Promise<Snapshot | undefined>>();
  const read: ReadTable = (root, signal) => {
    const known = seen.get(root) ?? loadSnapshot(lake.storage, root, { signal });
    seen.set(root, known);
    return known;
  };
  return {
    tables: (signal) => summariseTables(read, pipeline, locator(config), signal),
    status: (signal) => statusOf(read, pipeline, config, signal),
    query: (sql, signal) => queryLake(read, pipeline, { ...config, lakeFolder }, sql, signal),
  };
}

async function queryLake(
  read: ReadTable,
  pipeline: Pipeline,
  config: AgentConfig & { lakeFolder: string },
  sql: string,
  signal: AbortSignal,
) {
  const relations: LakeRelation[] = [];
  for (const name of tableNames(pipeline)) {
    const snapshot = await read(rootOf(name), signal);
    if (snapshot === undefined) continue;
    const files = [...snapshot.files.values()].map((file) => ({
      localPath: join(config.lakeFolder, snapshot.root, file.path),
      slice: file.partitionValues[SLICE_COLUMN] ?? '',
    }));
    relations.push({
      name,
      columns: snapshot.columns.filter((column) => column.name !== SLICE_COLUMN),
      files,
    });
  }
  // A folder of our own, that nobody could have made before us.
  const tempDir = mkdtempSync(join(tmpdir(), 'lakewarden-query-'));
  try {
    const engine = createQueryEngine(engineOptions(config, tempDir));
    try {
      return await engine.query({ sql, relations, rowsMax: QUERY_ROWS_MAX }, signal);
    } finally {
      await engine.close();
    }
  } finally {
    rmSync(tempDir, { recursive: true, force: true });
  }
}
