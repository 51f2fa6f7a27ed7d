import type { RunSummary } from '@lakewarden/contracts';
import { plainText } from './plain-text.ts';

/** What the agent's reader answers to `status`. */
export interface LakeStatus extends Pick<RunSummary, 'slices' | 'accounting' | 'failures'> {
  readonly layers: readonly {
    readonly layer: string;
    readonly tables: number;
    readonly rows: number;
    readonly fresh: number;
    /** Not fresh and not failed: queued, or waiting for something. */
    readonly stale: number;
    readonly failed: number;
  }[];
  /** By dataset, its stale slices and the datasets whose slices they wait for. */
  readonly stale: readonly {
    readonly dataset: string;
    readonly slices: number;
    readonly first: string;
    readonly waitsFor: readonly string[];
  }[];
  /** Bronze datasets into which nothing has landed yet. */
  readonly empty: readonly string[];
}

const FAILURES_SHOWN_MAX = 10;

/** Health by layer, then what is not well and why, then the accounting, then the likely next command (ux.md). */
export function statusLines(
  status: LakeStatus,
  context: { readonly lake: string; readonly isUp: boolean },
): readonly string[] {
  const lines = [
    ...status.layers.map(layerLine),
    ...failureLines(status.failures),
    ...status.stale.map(staleLine),
    ...(status.empty.length > 0 ? [`empty    ${status.empty.join(', ')}`] : []),
    ...accountingLines(status.accounting),
    `→ lakewarden ${nextCommand(status, context.isUp)} --lake ${quoted(context.lake)}`,
  ];
  return lines.map(plainText);
}

function layerLine({ layer, tables, rows, fresh, stale, failed }: LakeStatus['layers'][number]): string {
  const slices = fresh + stale + failed;
  const ill = [...(failed > 0 ? [`${failed} failed`] : []), ...(stale > 0 ? [`${stale} stale`] : [])];
  const health =
    ill.length > 0
      ? `${ill.join(', ')}${slices > failed ? ` of ${slices}` : ''}`
      : tables === 0
        ? 'empty'
        : 'fresh';
  return `${layer.padEnd(8)} ${health.padEnd(26)} ${plural(tables, 'table')} · ${plural(rows, 'row')}`;
}

function failureLines(failures: LakeStatus['failures']): readonly string[] {
  const shown = failures
    .slice(0, FAILURES_SHOWN_MAX)
    .map(({ slice, reason }) => `failed   ${slice}: ${reason}`);
  const left = failures.length - shown.length;
  return left > 0 ? [...shown, `failed   and ${left} more · lakewarden status --json names them`] : shown;
}

function staleLine({ dataset, slices, first, waitsFor }: LakeStatus['stale'][number]): string {
  const which = slices === 1 ? `${dataset}@${first}` : `${dataset}: ${slices} slices from ${first}`;
  return `stale    ${which} · ${waitsFor.length > 0 ? `waits for ${waitsFor.join(', ')}` : 'to be built'}`;
}

function accountingLines(accounting: LakeStatus['accounting']): readonly string[] {
  const count = (value: number) => value.toLocaleString('en-US');
  return Object.entries(accounting)
    .filter(([dataset, rows]) => rows.in > 0 && dataset.startsWith('silver.'))
    .map(([dataset, rows]) => {
      const parts = `${count(rows.out)} + ${count(rows.quarantined)} q + ${count(rows.duplicates)} d`;
      return `${dataset.padEnd(30)} ${count(rows.in)} = ${parts}`;
    });
}

function nextCommand({ layers, empty }: LakeStatus, isUp: boolean): string {
  const well = empty.length === 0 && layers.every(({ stale, failed }) => stale + failed === 0);
  if (well) return 'tables';
  return isUp ? 'status' : 'up --once';
}

function quoted(path: string): string {
  return /^[\w./~+=:@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function plural(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}
