import type { RunSummary } from '@lakewarden/contracts';
import type { LakeFolder } from './lake-folder.ts';
import type { Endpoints } from './local-azure.ts';
import { plainText } from './plain-text.ts';
import type { Progress } from './progress.ts';

/** Where everything is, while it stays up. */
export function showPlaces(folder: LakeFolder, endpoints: Endpoints, progress: Progress): void {
  progress.note(`lake      ${folder.root}`);
  progress.note(`storage   ${endpoints.storage.http}`);
  progress.note(`hubs      amqps://${endpoints.eventHubs.amqps}`);
  progress.note(`factory   ${endpoints.arm.http}`);
  progress.note(`faults    ${endpoints.control.url}/faults (token in ${folder.endpoints})`);
  progress.note(`stop with Ctrl-C · look with: lakewarden status --lake ${folder.root}`);
}

/** The end of `--once` for a person. */
export function summaryLines(summary: RunSummary, folder: LakeFolder): readonly string[] {
  const count = (value: number) => value.toLocaleString('en-US');
  const states = Object.entries(summary.slices).map(([state, slices]) => `${state} ${count(slices)}`);
  const good = summary.failures.length === 0;
  return [
    ...summary.tables.map((table) => `${table.name.padEnd(34)} ${count(table.rows).padStart(12)} rows`),
    `slices: ${states.join(' · ') || 'none'}`,
    ...summary.failures.map(({ slice, reason }) => plainText(`failed: ${slice}  ${reason}`)),
    good
      ? `→ lakewarden query "select * from gold.daily_sales limit 5" --lake ${folder.root}`
      : `→ lakewarden status --lake ${folder.root}`,
  ];
}
