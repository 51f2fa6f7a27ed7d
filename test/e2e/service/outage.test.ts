import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditCheck } from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAudit } from '../../support/audit-log.ts';
import { isExact, judgeHubs } from '../../support/hub-judge.ts';
import { IS_SOAK } from '../../support/soak.ts';
import { StandingLake, WAIT_MS_MAX } from '../../support/standing-lake.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Storage answers 503 to everything, under load, and comes back. */
const OUTAGE_MS = IS_SOAK ? 60_000 : 15_000;
/** Ten failures in a row open the breaker; what was on its way at that moment (at most 32 at once) fails too. */
const HITS_TO_OPEN_MAX = 42;
/** Afterwards probes only: the breaker's own, at first 1, 2 and 4 s apart, then 5 s less a fifth; a runbook's every 15 s. */
const PROBES_MAX = 5 + OUTAGE_MS / 4_000 + OUTAGE_MS / 15_000;

const folder = mkdtempSync(join(tmpdir(), 'lakewarden-outage-'));
const lake = join(folder, 'lake');
let up: StandingLake;

beforeAll(async () => {
  up = await StandingLake.up({ lake, args: ['--rows', '1200', '--drain-every', '1s'] });
  await up.until('rows in every table', 'datasets', {}, ({ items }) =>
    items.every(({ rows }) => rows > 0) ? true : undefined,
  );
});
afterAll(() => {
  up?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe(`storage that answers 503 for ${OUTAGE_MS / 1_000} s`, () => {
  it('is left alone, its work is parked, and all of it goes on by itself, exactly', async () => {
    const faults = await up.faults();
    const startedMs = performance.now();
    const id = await faults.add({
      service: 'storage',
      action: { kind: 'error', status: 503, code: 'ServerBusy' },
    });
    const hits = async () => (await faults.states()).find((state) => state.id === id)?.hits ?? Number.NaN;
    await up.until('the breaker to open', 'breakers', {}, ({ breakers }) =>
      breakers.find(({ dependency, state }) => dependency === 'storage' && state !== 'closed'),
    );
    const [openMs, hitsToOpen] = [performance.now() - startedMs, await hits()];
    const incident = await up.until('an incident', 'incidents', { state: 'active' }, ({ items }) =>
      items.find(({ cause }) => cause === 'breaker-open:storage'),
    );
    expect(incident.severity).toBe('critical');
    const parked = await up.until('parked work', 'lag', {}, ({ sources }) => {
      const waiting = sources.filter(({ state }) => state === 'parked');
      return waiting.length === 0 ? undefined : waiting.map(({ source }) => source);
    });
    const landed = up.table('bronze.orders').version;
    // The length of the outage, not a wait for something to happen.
    await pause(Math.max(0, OUTAGE_MS - (performance.now() - startedMs)));
    const hitsInAll = await hits();
    expect(up.table('bronze.orders').version).toBe(landed);
    await faults.clear();
    const clearedMs = performance.now();
    await up.until('the incident to be resolved', 'incidents', {}, ({ items }) =>
      items.find(({ id: one, state }) => one === incident.id && state === 'resolved'),
    );
    const resolvedMs = performance.now() - clearedMs;
    const figures = { openMs, hitsToOpen, hitsInAll, parked, resolvedMs };
    console.log(
      `storage away for ${OUTAGE_MS} ms: ${JSON.stringify(figures, (_, v) => (typeof v === 'number' ? Math.round(v) : v))}`,
    );
    expect(hitsToOpen).toBeLessThanOrEqual(HITS_TO_OPEN_MAX);
    expect(hitsInAll - hitsToOpen).toBeLessThanOrEqual(PROBES_MAX);
  });

  it('was mended by a runbook that verified it, without a person', async () => {
    const { items } = await up.query('executions', {});
    expect(items.map(({ runbook, state }) => [runbook, state])).toContainEqual([
      'dependency-blackout',
      'succeeded',
    ]);
    expect(items.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    expect(readAudit(lake).filter(({ actor }) => actor === 'local')).toEqual([]);
    expect(await up.json<AuditCheck>('audit', 'verify')).toMatchObject({ ok: true });
  });

  it('cost no row: each event is landed once and accounted for when the sources stand still', async () => {
    up.stillSources();
    const exact = async () => {
      const verdicts = await judgeHubs(lake);
      return isExact(verdicts) ? verdicts : undefined;
    };
    console.log(JSON.stringify(await waitFor('every event to be accounted for', exact, WAIT_MS_MAX)));
    expect((await up.stop()).code).toBe(0);
  });
});
