import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunSummary } from '@lakewarden/contracts';
import { runOnce } from '../support/cli.ts';
import { RETAIL_DATA, ROOT } from '../support/paths.ts';
import { judge, median, option } from './figures.ts';
import { BenchProcess } from './processes.ts';

/** Bronze → gold of the real data by the agent, beside a hand-written DuckDB script that writes the same files. */
const RATIO_MAX = 1.5;
const BUILT = ['silver', 'gold', 'quarantine', 'duplicates'];

export async function benchMedallion(args: readonly string[]): Promise<boolean> {
  const rounds = option(args, 'rounds', 3);
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-bench-'));
  try {
    const landed = join(folder, 'landed');
    const first = await runOnce(landed, ['--data', RETAIL_DATA]);
    const lakeOf = (lake: string) => join(lake, 'azure', 'storage', 'retaillake', 'lake');
    for (const layer of BUILT) rmSync(join(lakeOf(landed), layer), { recursive: true, force: true });
    for (let round = 0; round < rounds; round++)
      cpSync(landed, join(folder, `lake-${round}`), { recursive: true });
    const [ours, script]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const lake = join(folder, `lake-${round}`);
      settleDisk();
      script.push(await byHand(lakeOf(lake), join(folder, `hand-${round}`)));
      settleDisk();
      const built = await runOnce(lake);
      ours.push(built.durationsMs.build ?? 0);
      requireSameRows(first, built);
      console.log(`round ${round + 1}: script ${script.at(-1)?.toFixed(0)} ms · agent ${ours.at(-1)} ms`);
    }
    const ratio = median(ours.map((ms, round) => ms / (script[round] ?? 1)));
    return judge('bronze → gold, agent ÷ script', ratio, { max: RATIO_MAX });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies and deletions of thousands of files go on in the file system's journal long after they returned. */
function settleDisk(): void {
  execFileSync('sync');
}

async function byHand(lake: string, out: string): Promise<number> {
  const script = new BenchProcess(join(ROOT, 'test/bench/medallion-by-hand.ts'), [lake, out]);
  const { ms } = await script.line((line) => typeof line.ms === 'number');
  await script.ended;
  return Number(ms);
}

function requireSameRows(a: RunSummary, b: RunSummary): void {
  const rows = (summary: RunSummary) => JSON.stringify(summary.tables.map(({ name, rows }) => [name, rows]));
  if (rows(a) !== rows(b)) throw new Error('the rebuilt lake has other rows than the first');
}
