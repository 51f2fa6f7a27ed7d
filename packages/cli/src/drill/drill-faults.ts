import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { QueryResult } from '@lakewarden/contracts';
import type { DrillWorld } from './drill-world.ts';

type Incident = QueryResult<'incidents'>['items'][number];

/** One thing that goes wrong, how it ends, and how its detection is recognised. */
export interface DrillFault {
  readonly name: string;
  /** How long it stands; undefined: it is over when somebody acts on it, or at once. */
  readonly lastsMs: number | undefined;
  /** Makes it happen; the answer is how to end it. */
  inject(world: DrillWorld): Promise<() => Promise<void>>;
  /** Does this incident speak of it? Undefined: it is seen in another way (`isDetected`). */
  readonly speaksOf: ((incident: Incident) => boolean) | undefined;
}

const nothing = async (): Promise<void> => undefined;

export const DRILL_FAULTS: readonly DrillFault[] = [
  // First, while the day's slice is small: the rate that is judged is that of a whole slice.
  {
    name: 'poison-flood',
    // Until it is told: then the producer is mended, and the good rows after it outgrow the flood while somebody watches.
    lastsMs: undefined,
    async inject(world) {
      const file = join(world.folder.sources, 'poison-orders');
      writeFileSync(file, '');
      return async () => rmSync(file, { force: true });
    },
    speaksOf: ({ kind, targets, cause }) =>
      kind === 'quarantine-rate' &&
      (cause.includes('silver.orders') || targets.some((t) => t.includes('orders'))),
  },
  {
    name: 'storage-503',
    lastsMs: 30_000,
    async inject(world) {
      const action = { kind: 'error', status: 503, code: 'ServerBusy' };
      return (await world.fault({ service: 'storage', action })).end;
    },
    speaksOf: ({ cause }) => cause === 'breaker-open:storage',
  },
  {
    name: 'hub-detach-throttle',
    lastsMs: 20_000,
    async inject(world) {
      await world.fault({ service: 'event-hubs', action: { kind: 'detach' } });
      const busy = { kind: 'error', status: 503 };
      const ends = await Promise.all(
        ['receive', 'management'].map((operation) =>
          world.fault({ service: 'event-hubs', match: { operation }, action: busy }),
        ),
      );
      return async () => {
        for (const { end } of ends) await end();
      };
    },
    speaksOf: ({ cause, kind }) =>
      cause === 'breaker-open:event-hubs' || kind === 'stalled-partition' || kind === 'lag',
  },
  {
    name: 'adf-run-stuck',
    lastsMs: undefined,
    async inject(world) {
      const match = { path: '/pipelines/copy-vendors$' };
      // The run after the first one is well: that is what a recovery finds. Taking the fault away would mend the first one.
      await world.fault({
        service: 'data-factory',
        match,
        action: { kind: 'stuck-run' },
        count: 1,
      });
      const client = world.client();
      const window = await world.until(10_000, async (agent) => {
        const { sources } = await agent.query('lag', {});
        return sources.find(({ source }) => source === 'vendors')?.window?.key;
      });
      await client?.act('rerun-adf', { source: 'source:vendors', window: window ?? '' });
      return nothing;
    },
    speaksOf: ({ cause, kind }) => kind === 'stuck-run' && cause.includes('vendors'),
  },
  {
    name: 'agent-killed',
    lastsMs: undefined,
    async inject(world) {
      // In mid-run: a run is under way right now.
      await world.until(60_000, async (client) => {
        const { items } = await client.query('runs', { state: 'running', limit: 1 });
        return items[0];
      });
      const { agentPid } = world;
      if (agentPid !== undefined) process.kill(agentPid, 'SIGKILL');
      return nothing;
    },
    speaksOf: undefined,
  },
];
