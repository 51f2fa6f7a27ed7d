import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditCheck } from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isUnique, readAudit } from '../../support/audit-log.ts';
import { checkLanded } from '../../support/delta-log.ts';
import { isExact, judgeHubs } from '../../support/hub-judge.ts';
import { StandingLake, WAIT_MS_MAX } from '../../support/standing-lake.ts';
import { waitFor } from '../../support/wait-for.ts';

/** `kill -9` of the agent under load, each time while one chosen request is on its way; `up` starts it again. */
const folder = mkdtempSync(join(tmpdir(), 'lakewarden-kill-'));
const lake = join(folder, 'lake');
const PINNED = 'silver.orders@2026-01-05';
let up: StandingLake;

interface Death {
  readonly where: string;
  readonly path: string;
  readonly when: 'before' | 'after';
}

/** `after`: it was done, and the agent never hears of it. */
const DEATHS: readonly Death[] = [
  { where: 'a commit of landed rows', path: 'bronze/orders/_delta_log', when: 'before' },
  { where: 'a commit of landed rows', path: 'bronze/clicks/_delta_log', when: 'after' },
  { where: 'the upload of a built slice', path: 'silver/(?!.*_delta_log)', when: 'before' },
  { where: 'the first of the three commits of a run', path: 'quarantine/orders/_delta_log', when: 'after' },
  { where: 'the decisive commit of a run', path: 'silver/orders/_delta_log', when: 'after' },
  { where: 'a commit of gold', path: 'gold/daily_sales/_delta_log', when: 'before' },
];

beforeAll(async () => {
  up = await StandingLake.up({ lake, args: ['--rows', '1200', '--drain-every', '1s'] });
});
afterAll(() => {
  up?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Kills the agent while the next request that fits is held; `after`: what it asks for was done. */
async function killAt(path: string, when: Death['when'], begin?: () => void): Promise<void> {
  const faults = await up.faults();
  const match = { method: 'PUT', path };
  const id = await faults.add({ service: 'storage', match, action: { kind: 'hold', when }, count: 1 });
  try {
    begin?.();
    const held = async () => (await faults.states()).find((state) => state.id === id && state.held > 0);
    await waitFor(`a request to ${path}`, held, WAIT_MS_MAX);
    process.kill(up.agentPid, 'SIGKILL');
  } finally {
    await faults.clear();
  }
  await up.ready();
}

describe('an agent that is killed under load', () => {
  it('freezes, holds and fills before it is killed', async () => {
    const client = up.client();
    await up.until('slices', 'slice', { slice: PINNED }, ({ state }) =>
      state === 'fresh' ? true : undefined,
    );
    await client.act('freeze', { target: 'gold.customer_value', reason: 'quarter end' });
    await client.act('hold', { slice: PINNED, reason: 'quarter end' });
    const { plan } = await client.act('backfill', {
      dataset: 'silver.orders',
      from: '2026-01-06',
      to: '2026-01-14',
    });
    await client.act('apply', { plan: plan?.hash ?? '' });
  });

  it.each(DEATHS)('goes on after it died $when $where ($path)', async ({ path, when }) => {
    await killAt(path, when);
    const rows = checkLanded(up.table('bronze.orders')).rows;
    const more = () => (checkLanded(up.table('bronze.orders')).rows > rows ? true : undefined);
    await waitFor('more rows of orders', more, WAIT_MS_MAX);
  });

  it('does an act once that was written, and whose answer died with it', async () => {
    const hold = () =>
      up
        .client()
        .act(
          'hold',
          { slice: 'silver.orders@2026-01-04', reason: 'once' },
          { idempotencyKey: 'hold-me-once' },
        );
    // What a slice is must be known before it can be pinned.
    await up.until('slices', 'slice', { slice: PINNED }, ({ run }) => run);
    await killAt('_lakewarden/control', 'after', () => hold().catch(() => undefined));
    const again = await hold();
    expect(again.outcome).toBe('unchanged');
    const acts = readAudit(lake).filter(
      ({ action, idempotency = '' }) => action === 'hold' && idempotency.endsWith('hold-me-once'),
    );
    expect(acts.map(({ seq }) => seq)).toEqual([again.audit]);
  });

  it('has all that was stopped and begun, and an audit that verifies', async () => {
    const { frozen } = await up.query('dataset', { dataset: 'gold.customer_value' });
    expect(frozen).toMatchObject({ reason: 'quarter end' });
    const { pin } = await up.until('the slice', 'slice', { slice: PINNED }, (slice) => slice);
    expect(pin).toMatchObject({ by: 'hold', reason: 'quarter end' });
    const filled = await up.until('the backfill to end', 'backfills', {}, ({ items }) =>
      items.find(({ endedAt }) => endedAt !== undefined),
    );
    expect(filled).toMatchObject({ state: 'done', total: 9, failed: 0 });
    expect(await up.json<AuditCheck>('audit', 'verify')).toMatchObject({ ok: true });
    expect(isUnique(readAudit(lake))).toBe(true);
  });

  it('has each event once and each row accounted for, when the sources stand still', async () => {
    await up.client().act('thaw', { target: 'gold.customer_value' });
    await up.client().act('release', { slice: PINNED });
    await up.client().act('release', { slice: 'silver.orders@2026-01-04' });
    up.stillSources();
    const exact = async () => {
      const verdicts = await judgeHubs(lake);
      return isExact(verdicts) ? verdicts : undefined;
    };
    const verdicts = await waitFor('every event to be accounted for', exact, WAIT_MS_MAX);
    console.log(`killed ${DEATHS.length + 1} times: ${JSON.stringify(verdicts)}`);
    expect((await up.stop()).code).toBe(0);
  });
});
