import { askLake } from '../ask-lake.ts';
import type { LakeFolder } from '../lake-folder.ts';
import type { DrillWorld } from './drill-world.ts';

export interface RowVerdict {
  readonly lost: number;
  readonly doubled: number;
  /** What was compared, for people. */
  readonly rows: number;
}

const HUBS = ['orders', 'clicks', 'pos_sales', 'payments'] as const;

interface Answer {
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Reads the rows themselves, by another process than the agent that is judged: every (partition, sequence) up to the hub's
 * last one must be in bronze once (I1, I2), and every bronze row in silver, quarantine or duplicates once (I12).
 */
export async function judgeRows(
  world: DrillWorld,
  complain: (text: string) => void,
): Promise<RowVerdict | undefined> {
  const lags = await world.until(10_000, async (client) => (await client.query('lag', {})).sources);
  let [lost, doubled, rows] = [0, 0, 0];
  for (const dataset of HUBS) {
    const found = await query(world.folder, bronzeSql(dataset), complain);
    if (found === undefined || lags === undefined) return undefined;
    const partitions = lags.find((lag) => lag.dataset === `bronze.${dataset}`)?.partitions ?? [];
    for (const [partition, count, distinct, last] of found.rows) {
      const [counted, once] = [Number(count), Number(distinct)];
      rows += counted;
      doubled += counted - once;
      // Sequence numbers begin at 0; what came in after the last drain is not lost.
      lost += Number(last) + 1 - once;
      const checkpoint = partitions.find((each) => each.partition === Number(partition))?.checkpoint;
      if (checkpoint !== undefined && BigInt(checkpoint) > BigInt(String(last))) lost += 1;
    }
  }
  return { lost, doubled, rows };
}

/**
 * When nothing is sent any more: events of the hubs that are not in bronze (I1), and rows of bronze that are not in silver,
 * quarantine or duplicates (I12). Undefined: it could not be judged.
 */
export async function judgeAtRest(
  world: DrillWorld,
  complain: (text: string) => void,
): Promise<number | undefined> {
  const lags = await world.until(10_000, async (client) => (await client.query('lag', {})).sources);
  if (lags === undefined) return undefined;
  let difference = 0;
  for (const dataset of HUBS) {
    const found = await query(world.folder, conservationSql(dataset), complain);
    const [row] = found?.rows ?? [];
    if (row === undefined) return undefined;
    const [landed, missing] = [Number(row[0]), Number(row[1])];
    const partitions = lags.find((lag) => lag.dataset === `bronze.${dataset}`)?.partitions ?? [];
    const sent = partitions.reduce((sum, { last }) => sum + (last === undefined ? 0 : Number(last) + 1), 0);
    difference += Math.abs(sent - landed) + Math.abs(missing);
  }
  return difference;
}

function bronzeSql(dataset: string): string {
  return `select partition, count(*), count(distinct sequence), max(sequence) from bronze.${dataset} group by partition`;
}

function conservationSql(dataset: string): string {
  const count = (table: string) => `(select count(*) from ${table}.${dataset})`;
  return `select ${count('bronze')}, ${count('bronze')} - ${count('silver')} - ${count('quarantine')} - ${count('duplicates')}`;
}

function query(
  folder: LakeFolder,
  sql: string,
  complain: (text: string) => void,
): Promise<Answer | undefined> {
  return askLake<Answer>(folder, ['query', '--sql', sql], { print: () => undefined, complain });
}
