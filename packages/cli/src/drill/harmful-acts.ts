import type { DrillWorld } from './drill-world.ts';

/**
 * What recoveries did since `after` that they should not have: a step undone or an execution that did not end well, two
 * executions for one incident, and stops that nobody took away again.
 */
export async function harmfulActs(world: DrillWorld, after: number): Promise<number> {
  const found = await world.until(10_000, async (client) => {
    const { items: entries } = await client.query('audit', { limit: 500 });
    const started = new Map<string, number>();
    let harm = 0;
    for (const { seq, effects } of entries) {
      if (seq <= after) continue;
      for (const effect of effects) {
        if (effect.type === 'ExecutionStarted' && effect.mode !== 'shadow' && effect.mode !== 'suggest') {
          const cause = effect.incident ?? effect.cause;
          started.set(cause, (started.get(cause) ?? 0) + 1);
        }
        const isBadEnd =
          effect.type === 'ExecutionMoved' && (effect.to === 'rolled-back' || effect.to === 'escalated');
        if (isBadEnd || (effect.type === 'StepMoved' && effect.to === 'undone')) harm++;
      }
    }
    for (const count of started.values()) harm += count - 1;
    const { items: datasets } = await client.query('datasets', { limit: 500 });
    harm += datasets.filter(({ frozen, paused }) => frozen !== undefined || paused !== undefined).length;
    return harm;
  });
  return found ?? Number.NaN;
}
