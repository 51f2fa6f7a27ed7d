import type { TableSummary } from '@lakewarden/contracts';
import { askLake, type ReadTools } from './ask-lake.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { jsonText } from './json-text.ts';
import { lakeFolder } from './lake-folder.ts';
import { formatTable } from './text-table.ts';

export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly truncated: boolean;
}

export async function showTables(lake: string, json: boolean, tools: ReadTools): Promise<ExitCode> {
  const tables = await askLake<readonly TableSummary[]>(lakeFolder(lake), ['tables'], tools);
  if (tables === undefined) return EXIT.failed;
  if (json) {
    tools.print(jsonText(tables));
    return EXIT.done;
  }
  const rows = tables.map((table) => [table.name, table.rows, table.version, table.bytes, table.path]);
  tools.print(formatTable(['table', 'rows', 'version', 'bytes', 'path'], rows, { whole: ['path'] }));
  return EXIT.done;
}

export async function showQuery(
  lake: string,
  sql: string,
  json: boolean,
  tools: ReadTools,
): Promise<ExitCode> {
  const answer = await askLake<QueryAnswer>(lakeFolder(lake), ['query', '--sql', sql], tools);
  if (answer === undefined) return EXIT.failed;
  const names = answer.columns.map((column) => column.name);
  tools.print(json ? jsonText(answer) : formatTable(names, answer.rows));
  if (answer.truncated)
    tools.complain(`only the first ${answer.rows.length} rows are shown · add a limit or a filter`);
  return EXIT.done;
}
