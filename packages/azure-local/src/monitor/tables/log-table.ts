/** A table of the workspace: its columns, and rows made when somebody asks. */
import type { Column, Row, ScalarType, TableSchema, Value } from '../kql/plan.ts';
import type { TimeSpan } from '../timespan.ts';

/** More rows than this in the span of a query refuse it; a shorter span helps. */
export const TABLE_ROWS_MAX = 200_000;

export interface LogTable {
  readonly schema: TableSchema;
  /** Rows whose TimeGenerated lies in the span, oldest first. Throws `TooManyRows`. */
  rows(span: TimeSpan): Promise<readonly Row[]>;
}

export class TooManyRows extends Error {}

/** By column name; a column that is left out is null, or the empty text. */
export type Entry = Readonly<Record<string, Value>> & { readonly TimeGenerated: number };

export function logTable(
  name: string,
  columns: Readonly<Record<string, ScalarType>>,
  entries: (span: TimeSpan) => Promise<Iterable<Entry>> | Iterable<Entry>,
): LogTable {
  const list: readonly Column[] = Object.entries({ ...columns, Type: 'string' as const }).map(
    ([column, type]) => ({ name: column, type }),
  );
  return {
    schema: { name, columns: list },
    rows: async (span) => {
      const rows: { readonly timeMs: number; readonly row: Row }[] = [];
      for (const entry of await entries(span)) {
        if (entry.TimeGenerated < span.fromMs || entry.TimeGenerated > span.toMs) continue;
        if (rows.length >= TABLE_ROWS_MAX)
          throw new TooManyRows(`${name} has more than ${TABLE_ROWS_MAX} rows in the timespan`);
        rows.push({ timeMs: entry.TimeGenerated, row: rowOf(list, { ...entry, Type: name }) });
      }
      return rows.sort((left, right) => left.timeMs - right.timeMs).map(({ row }) => row);
    },
  };
}

function rowOf(columns: readonly Column[], entry: Readonly<Record<string, Value>>): Row {
  return columns.map(({ name, type }) => entry[name] ?? (type === 'string' ? '' : null));
}

/** What every row says of where it comes from. */
export interface Workspace {
  readonly workspaceId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** The columns that `resourceColumns` fills. */
export const RESOURCE_COLUMNS = {
  TenantId: 'string',
  SourceSystem: 'string',
  TimeGenerated: 'datetime',
  ResourceId: 'string',
  _ResourceId: 'string',
  _SubscriptionId: 'string',
} as const satisfies Record<string, ScalarType>;

/** `ResourceId` in capitals and `_ResourceId` in small letters, as the service writes them. */
export function resourceColumns(workspace: Workspace, provider: string, path: string) {
  const { workspaceId, subscriptionId, resourceGroup } = workspace;
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${provider}/${path}`;
  return {
    TenantId: workspaceId,
    SourceSystem: 'Azure',
    ResourceId: id.toUpperCase(),
    _ResourceId: id.toLowerCase(),
    _SubscriptionId: subscriptionId,
  };
}
