import type { RunSummary, TableSummary } from '@lakewarden/contracts';
import { Child } from './child.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { lakeFolder, requireLake } from './lake-folder.ts';
import { PARTS } from './parts.ts';
import { formatTable } from './text-table.ts';

type Print = (text: string) => void;

export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly truncated: boolean;
}

export interface StatusAnswer extends Pick<RunSummary, 'slices' | 'accounting' | 'failures'> {
  readonly layers: readonly {
    readonly layer: string;
    readonly tables: number;
    readonly rows: number;
    readonly fresh: number;
    readonly stale: number;
  }[];
}

export interface ReadTools {
  readonly print: Print;
  readonly complain: Print;
}

/** Reading verbs work on the files of the lake, so they need no agent: a short-lived one that can only read answers. */
async function ask<T>(lake: string, args: readonly string[], tools: ReadTools): Promise<T | undefined> {
  const folder = lakeFolder(lake);
  requireLake(folder);
  let answer: T | undefined;
  const reader = new Child({
    script: PARTS.agent,
    args: ['read', '--config', folder.agentConfig, ...args],
    onLine: (line) => {
      if ('answer' in line) answer = line.answer as T;
      else if (typeof line.problem === 'string') tools.complain(line.problem);
    },
    onText: tools.complain,
  });
  await reader.ended;
  return answer;
}

export async function showTables(lake: string, json: boolean, tools: ReadTools): Promise<ExitCode> {
  const tables = await ask<readonly TableSummary[]>(lake, ['tables'], tools);
  if (tables === undefined) return EXIT.failed;
  if (json) {
    tools.print(JSON.stringify(tables));
    return EXIT.done;
  }
  const rows = tables.map((table) => [table.name, table.rows, table.version, table.bytes, table.path]);
  tools.print(formatTable(['table', 'rows', 'version', 'bytes', 'path'], rows));
  return EXIT.done;
}

export async function showQuery(
  lake: string,
  sql: string,
  json: boolean,
  tools: ReadTools,
): Promise<ExitCode> {
  const answer = await ask<QueryAnswer>(lake, ['query', '--sql', sql], tools);
  if (answer === undefined) return EXIT.failed;
  if (json) tools.print(JSON.stringify(answer));
  else {
    tools.print(
      formatTable(
        answer.columns.map((column) => column.name),
        answer.rows,
      ),
    );
    if (answer.truncated)
      tools.complain(`only the first ${answer.rows.length} rows are shown · add a limit or a filter`);
  }
  return EXIT.done;
}

export async function showStatus(lake: string, json: boolean, tools: ReadTools): Promise<ExitCode> {
  const status = await ask<StatusAnswer>(lake, ['status'], tools);
  if (status === undefined) return EXIT.failed;
  if (json) {
    tools.print(JSON.stringify(status));
    return EXIT.done;
  }
  for (const { layer, tables, rows, fresh, stale } of status.layers) {
    const health = stale === 0 ? 'fresh' : `${stale} stale of ${stale + fresh}`;
    tools.print(
      `${layer.padEnd(8)} ${health.padEnd(20)} ${tables} tables · ${rows.toLocaleString('en-US')} rows`,
    );
  }
  for (const [dataset, rows] of Object.entries(status.accounting)) {
    if (rows.in === 0 || !dataset.startsWith('silver.')) continue;
    const count = (value: number) => value.toLocaleString('en-US');
    const parts = `${count(rows.out)} + ${count(rows.quarantined)} q + ${count(rows.duplicates)} d`;
    tools.print(`${dataset.padEnd(30)} ${count(rows.in)} = ${parts}`);
  }
  const next = status.slices.stale
    ? `lakewarden up --once --lake ${lake}`
    : `lakewarden tables --lake ${lake}`;
  tools.print(`→ ${next}`);
  return EXIT.done;
}
