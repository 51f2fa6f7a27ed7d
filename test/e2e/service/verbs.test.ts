import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ACTION_NAMES,
  type ActionName,
  type ActionResult,
  type AuditCheck,
  actionResultSchema,
  type BackfillHealth,
  type Page,
  QUERIES,
  type QueryName,
} from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allVerbs } from '../../../packages/cli/src/verbs.ts';
import { runCli } from '../../support/cli.ts';
import { commonAlert } from '../../support/common-alert.ts';
import { checkLanded } from '../../support/delta-log.ts';
import { runInside } from '../../support/line-inside.ts';
import { rowsOf, StandingLake, WAIT_MS_MAX } from '../../support/standing-lake.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Every verb of the command line on a running agent under load, and what each act does to the lake. */
const folder = mkdtempSync(join(tmpdir(), 'lakewarden-verbs-'));
const AGO = 'silver.orders@2026-01-06';
const STORAGE_ACCOUNT = '/subscriptions/aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e/resourcegroups/shop';
let up: StandingLake;
/** The day that is being written, by the clock that the live sources use. */
let today: string;
/** What is made on the way, for the verbs that show it. */
const made = { plan: '', backfill: '', incident: '' };

beforeAll(async () => {
  up = await StandingLake.up({
    lake: join(folder, 'lake'),
    args: ['--rows', '1500', '--drain-every', '1s'],
    settings: {
      probeEveryMs: 1_000,
      resources: { [STORAGE_ACCOUNT]: ['silver.orders'] },
      runbookModes: { 'dependency-blackout': 'approve' },
    },
  });
  today = await up.until(
    'a slice of today',
    'slices',
    { dataset: 'silver.orders' },
    ({ items }) => items.find(({ key, rows }) => key >= '2026-02' && rows > 0)?.key,
  );
});
afterAll(() => {
  up?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const bronzeRows = () => checkLanded(up.table('bronze.orders')).rows;
const act = (...args: string[]) => up.json<ActionResult>(...args);

/** The number of the newest entry that this person caused; the agent writes entries of its own when it pleases. */
async function lastAsked(): Promise<number> {
  const { items } = await up.query('audit', { limit: 100 });
  return items.find(({ actor }) => actor === 'local')?.seq ?? 0;
}

/** More events of orders wait in the hub than before, and the agent has seen them. */
function waiting(events: number): Promise<number> {
  return up.until(`${events} events to wait`, 'lag', {}, ({ sources }) => {
    const lag = sources.find(({ source }) => source === 'orders')?.events ?? 0;
    return lag >= events ? lag : undefined;
  });
}

function grown(what: string, rows: () => number, beyond: number): Promise<number> {
  const look = () => {
    const now = rows();
    return now > beyond ? now : undefined;
  };
  return waitFor(`more than ${beyond} rows ${what}`, look, WAIT_MS_MAX);
}

describe('stopping and going on', () => {
  it('pause lands nothing more; resume lands what has waited', async () => {
    expect(await act('pause', 'source:orders', '--reason', 'the shop moves')).toMatchObject({
      outcome: 'done',
    });
    // What ran ends: a drain under way when it was paused.
    const lag = await waiting(60);
    const before = bronzeRows();
    await waiting(lag + 40);
    expect(bronzeRows()).toBe(before);
    await act('resume', 'source:orders');
    await grown('of bronze.orders', bronzeRows, before + lag + 40);
  });

  it('freeze stops promotion while landing goes on; thaw promotes what has come', async () => {
    await act('freeze', 'silver.orders', '--reason', 'the rule changes', '--yes');
    const { version } = up.table('silver.orders');
    await grown('of bronze.orders', bronzeRows, bronzeRows() + 60);
    expect(up.table('silver.orders').version).toBe(version);
    expect(await up.json('dataset', 'silver.orders')).toMatchObject({
      state: 'frozen',
      frozen: { reason: 'the rule changes' },
    });
    const held = rowsOf(up.table('silver.orders'), today);
    await act('thaw', 'silver.orders');
    await grown('of today in silver.orders', () => rowsOf(up.table('silver.orders'), today), held);
  });

  it('hold keeps a slice as it is whatever comes, and release lets it follow', async () => {
    const slice = `silver.orders@${today}`;
    await act('hold', slice, '--reason', 'month end', '--until', '2h');
    const held = rowsOf(up.table('silver.orders'), today);
    await grown('of bronze.orders', bronzeRows, bronzeRows() + 60);
    expect(rowsOf(up.table('silver.orders'), today)).toBe(held);
    expect(await up.json('slice', slice)).toMatchObject({
      state: 'held',
      pin: { by: 'hold', reason: 'month end' },
    });
    await act('release', slice);
    await grown('of today in silver.orders', () => rowsOf(up.table('silver.orders'), today), held);
  });

  it('waive lets readers go on without a slice, flagged, until it is released', async () => {
    await act('waive', AGO, '--as', 'empty', '--reason', 'known to be wrong', '--yes');
    const salesOf = (day: string) => rowsOf(up.table('gold.daily_sales'), day);
    await waitFor('a day without sales', () => (salesOf('2026-01-06') === 0 ? true : undefined), WAIT_MS_MAX);
    expect(await up.json('dataset', 'gold.daily_sales')).toMatchObject({ flagged: true });
    await act('release', AGO);
    await grown('of that day', () => salesOf('2026-01-06'), 0);
  });
});

describe('plans', () => {
  it('a replay says what it would do, changes nothing, and is carried out by its hash', async () => {
    const before = await lastAsked();
    const { outcome, plan } = await act('replay', AGO);
    expect(outcome).toBe('planned');
    expect(plan?.builds.map(({ slice }) => slice)).toEqual([AGO]);
    expect(await lastAsked()).toBe(before);
    made.plan = plan?.hash ?? '';
    expect(await up.json('plan', made.plan.slice(0, 8))).toMatchObject({ hash: made.plan });
    const { run, rows } = await up.query('slice', { slice: AGO });
    const { audit = 0 } = await act('apply', made.plan.slice(0, 8), '--yes');
    expect(audit).toBeGreaterThan(before);
    const built = await up.until('another run of the slice', 'slice', { slice: AGO }, (slice) =>
      slice.run !== run && slice.state === 'fresh' ? slice : undefined,
    );
    expect(built.rows).toBe(rows);
  });

  it('a replay of a source reads the recorded ranges again and finds the same rows', async () => {
    const applied = await up.json<ActionResult>('replay', `bronze.pos_sales@${today}`, '--apply');
    const hash = applied.plan?.hash;
    const ended = await up.until('the replay to end', 'audit', { limit: 200 }, ({ items }) =>
      items.flatMap(({ effects }) => effects).find((e) => e.type === 'SourceReplayEnded' && e.plan === hash),
    );
    expect(ended).toMatchObject({ as: 'unchanged' });
    checkLanded(up.table('bronze.pos_sales'));
  });

  it('a plan is refused when the world has moved since it was made', async () => {
    const { plan } = await act('replay', AGO);
    await act('hold', AGO, '--reason', 'looked at by hand');
    const before = await lastAsked();
    const { code, stderr } = await up.run('apply', plan?.hash ?? '', '--yes');
    expect([code, await lastAsked()]).toEqual([3, before]);
    expect(stderr).toMatch(/ · .+ · /);
    await act('release', AGO);
  });

  it('a backfill runs below live work, can be paused, resumed and cancelled, and says how far it is', async () => {
    const faults = await up.faults();
    // Slow enough to be met half-way.
    const match = { method: 'PUT', path: 'silver/orders' };
    await faults.add({ service: 'storage', match, action: { kind: 'delay', delayMs: 700 } });
    const { plan } = await act('backfill', 'silver.orders', '2026-01-01', '2026-01-14');
    const { id = '' } = await act('apply', plan?.hash ?? '', '--yes');
    const about = () => up.json<BackfillHealth>('backfills', id);
    await act('pause', id, '--reason', 'the shop is busy');
    const paused = await about();
    expect(paused).toMatchObject({ state: 'paused', total: 14 });
    expect(paused.built).toBeLessThan(14);
    await act('resume', id);
    await up.until('a slice more', 'backfill', { id: id.replace('backfill:', '') }, ({ built }) =>
      built > paused.built ? true : undefined,
    );
    await act('cancel-run', id, '--yes');
    await faults.clear();
    expect(await about()).toMatchObject({ state: 'cancelled' });
  });

  it('a backfill can be watched to its end', async () => {
    const { id = '' } = await up.json<ActionResult>(
      'backfill',
      'silver.orders',
      '2026-01-02',
      '2026-01-03',
      '--apply',
    );
    made.backfill = id;
    const watched = await up.run('backfills', id, '--watch');
    expect(watched.code).toBe(0);
    expect(`${watched.stdout}${watched.stderr}`).toContain('done');
  });
});

describe('work', () => {
  it('rerun-adf copies a window again, once for one key; equal rows change nothing', async () => {
    const window = await up.until('the window of vendors', 'lag', {}, ({ sources }) => {
      const landed = sources.find(({ source }) => source === 'vendors')?.window;
      return landed?.state === 'landed' ? landed.key : undefined;
    });
    const rows = rowsOf(up.table('bronze.vendors'));
    const rerun = () => act('rerun-adf', 'source:vendors', window, '--yes', '--key', 'rerun-vendors-1');
    const first = await rerun();
    const second = await rerun();
    expect([first.outcome, second.outcome]).toEqual([expect.stringMatching(/done|started/), 'unchanged']);
    expect(second.audit).toBe(first.audit);
    const attempt = () => up.table('bronze.vendors').txns.get(`lw/batch/vendors/${window}`);
    await waitFor('the second attempt', () => (attempt() === '2' ? true : undefined), WAIT_MS_MAX);
    expect(rowsOf(up.table('bronze.vendors'))).toBe(rows);
  });

  it('cancel-run ends a run before it commits; what was there stays', async () => {
    const faults = await up.faults();
    const match = { method: 'PUT', path: 'silver/clicks/(?!_delta_log)' };
    await faults.add({ service: 'storage', match, action: { kind: 'hold', when: 'before' } });
    const run = await up.until(
      'a run of clicks',
      'runs',
      { state: 'running', dataset: 'silver.clicks' },
      ({ items }) => items[0],
    );
    const rows = rowsOf(up.table('silver.clicks'));
    await act('cancel-run', run.id, '--yes');
    await up.until('the run to end', 'runs', { dataset: 'silver.clicks' }, ({ items }) =>
      items.find(({ id, state }) => id === run.id && state === 'cancelled'),
    );
    expect(rowsOf(up.table('silver.clicks'))).toBe(rows);
    await faults.clear();
    await grown('of silver.clicks', () => rowsOf(up.table('silver.clicks')), rows);
  });

  it('retry, reset-breaker and a runbook of a person are done and stand in the audit', async () => {
    const before = await lastAsked();
    await act('retry', 'silver.orders');
    // It is closed: there is nothing to write down.
    expect(await act('reset-breaker', 'storage')).toMatchObject({ outcome: 'unchanged' });
    const { id, outcome } = await act('run-runbook', 'failed-slice', '--target', 'silver.orders', '--yes');
    expect(outcome).toBe('started');
    await up.until('the runbook to begin', 'executions', { runbook: 'failed-slice' }, ({ items }) =>
      items.find((execution) => execution.id === id),
    );
    const { items } = await up.query('audit', { limit: 100 });
    const asked = items.filter(({ seq, action, actor }) => seq > before && action && actor === 'local');
    expect(asked.map(({ action }) => action).reverse()).toEqual(['retry', 'run-runbook']);
  });

  it('the same idempotency key twice is one act; for another request it is refused', async () => {
    const hold = (slice: string) =>
      up.run('hold', slice, '--reason', 'twice', '--key', 'hold-it-once', '--json');
    const [first, second] = [await hold(AGO), await hold(AGO)];
    const [once, again] = [JSON.parse(first.stdout), JSON.parse(second.stdout)] as ActionResult[];
    expect([once?.outcome, again?.outcome]).toEqual(['done', 'unchanged']);
    expect(again?.audit).toBe(once?.audit);
    expect((await hold('silver.orders@2026-01-07')).code).toBe(3);
    await act('release', AGO);
  });
});

describe('incidents', () => {
  it('acknowledge, approve and reject: a runbook that waits for a person goes on or ends as the person says', async () => {
    const fire = async (rule: string) => {
      const resource = `${STORAGE_ACCOUNT}/providers/microsoft.storage/storageaccounts/shop`;
      await up.client().alert(commonAlert({ rule, resource }));
      return up.until(`a question about ${rule}`, 'executions', {}, ({ items }) =>
        items.find(
          ({ state, note = '', incident = '' }) =>
            state === 'waiting-approval' && !asked.has(incident) && note !== rule,
        ),
      );
    };
    const asked = new Set<string>();
    const approved = await fire('slow reads');
    asked.add(approved.incident ?? '');
    made.incident = approved.incident ?? '';
    await act('approve', approved.id, '--yes');
    const verified = await up.until('the runbook to verify', 'executions', {}, ({ items }) =>
      items.find(({ id, state }) => id === approved.id && state === 'succeeded'),
    );
    expect(verified.steps.map(({ state }) => state)).not.toContain('failed');
    const rejected = await fire('slow writes');
    await act('acknowledge', rejected.incident ?? '');
    await act('reject', rejected.id, '--reason', 'it is the network');
    await up.until('the incident to be with people', 'incidents', {}, ({ items }) =>
      items.find(
        ({ id, state, acknowledgedBy }) =>
          id === rejected.incident && state === 'escalated' && acknowledgedBy === 'local',
      ),
    );
  });
});

/** What each action may be asked with; refused or not, a dry run changes nothing. */
const DRY: Readonly<Record<ActionName, () => readonly string[]>> = {
  pause: () => ['source:clicks', '--reason', 'try'],
  resume: () => ['source:clicks'],
  retry: () => ['silver.orders'],
  replay: () => [AGO],
  backfill: () => ['silver.orders', '2026-01-01', '2026-01-02'],
  apply: () => [made.plan],
  waive: () => [AGO, '--reason', 'try'],
  hold: () => [AGO, '--reason', 'try'],
  release: () => [AGO],
  freeze: () => ['gold', '--reason', 'try'],
  thaw: () => ['gold'],
  'reset-breaker': () => ['storage'],
  'rerun-adf': () => ['source:vendors', today],
  'cancel-run': () => ['nothing-runs'],
  acknowledge: () => [made.incident],
  approve: () => ['no-execution'],
  reject: () => ['no-execution', '--reason', 'try'],
  'run-runbook': () => ['failed-slice', '--target', 'silver.orders'],
};

describe('every action', () => {
  it.each(ACTION_NAMES)('%s can be tried, which writes nothing', async (name) => {
    const before = await lastAsked();
    const args = [name, ...DRY[name](), '--dry-run', '--json', '--lake', up.lake];
    const { code, stdout, stderr } = await runInside(args, folder);
    expect(await lastAsked()).toBe(before);
    // What cannot be done says why and what to do, dry or not.
    if (code !== 0) {
      expect([1, 2, 3]).toContain(code);
      expect([stdout, stderr.split(' · ').length >= 3]).toEqual(['', true]);
      return;
    }
    const result = actionResultSchema.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ action: name, outcome: expect.stringMatching(/would|planned|unchanged/) });
    expect(result.audit).toBeUndefined();
  });
});

/** What each verb that shows something is asked with. */
const LOOKS: Readonly<Record<string, () => readonly string[]>> = {
  status: () => [],
  datasets: () => [],
  dataset: () => ['silver.orders'],
  slices: () => ['silver.orders', '--limit', '5'],
  slice: () => [AGO],
  blame: () => [AGO],
  lineage: () => ['silver.orders'],
  quarantine: () => ['silver.orders'],
  rows: () => ['gold.daily_sales', '--limit', '5'],
  runs: () => ['--limit', '5'],
  backfills: () => [],
  plan: () => [made.plan],
  lag: () => [],
  breakers: () => [],
  incidents: () => [],
  incident: () => [made.incident],
  audit: () => ['--limit', '5'],
  'audit verify': () => [],
  'runbook list': () => [],
  'runbook show': () => ['stuck-adf-run'],
  'runbook history': () => [],
};

describe('a viewer', () => {
  const tokenFile = join(folder, 'viewer.token');
  beforeAll(async () => {
    const { stdout } = await up.run('token', '--role', 'viewer', '--ttl', '1h', '--subject', 'guest');
    writeFileSync(tokenFile, stdout, { mode: 0o600 });
  });

  it.each(Object.keys(LOOKS))('is shown %s, for people and as JSON of the contract', async (name) => {
    const options = ['--lake', up.lake, '--token-file', tokenFile];
    const args = [...name.split(' '), ...(LOOKS[name]?.() ?? []), ...options];
    const told = await runInside(args, folder);
    const json = await runInside([...args, '--json'], folder);
    expect([told.code, json.code, told.stderr.includes('Error')], json.stderr).toEqual([0, 0, false]);
    expect(told.stdout.trim()).not.toBe('');
    const [query] = allVerbs().find((verb) => verb.name === name)?.queries ?? [];
    expect(QUERIES[query as QueryName].output.safeParse(JSON.parse(json.stdout)).error).toBeUndefined();
  });

  it('is refused every act, with exit code 3, and so is an operator what is for admins', async () => {
    const before = await lastAsked();
    const refused = await up.run('pause', 'source:orders', '--reason', 'why not', '--token-file', tokenFile);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/guest is viewer; this needs operator\. · .+ · Use a token/);
    const operator = join(folder, 'operator.token');
    const { stdout } = await up.run('token', '--role', 'operator', '--ttl', '1h');
    writeFileSync(operator, stdout, { mode: 0o600 });
    const waive = await up.run('waive', AGO, '--reason', 'why not', '--yes', '--token-file', operator);
    expect([waive.code, await lastAsked()]).toEqual([3, before]);
  });
});

describe('the other verbs', () => {
  it('are all here: what is in no table of this file is tried below or needs no agent', () => {
    const tried = [...Object.keys(LOOKS), ...ACTION_NAMES];
    const rest = allVerbs()
      .map(({ name }) => name)
      .filter((name) => !tried.includes(name));
    const elsewhere = [
      'up',
      'agent',
      'token',
      'tables',
      'query',
      'drill',
      'runbook run',
      'runbook approve',
      'runbook reject',
    ];
    expect(rest.sort()).toEqual([...elsewhere, 'doctor', 'watch', 'events', 'runbook test'].sort());
  });

  it('doctor finds everything in order, and the shipped runbooks pass their own tests', async () => {
    const { ok } = await up.json<{ ok: boolean }>('doctor');
    expect(ok).toBe(true);
    const { code, stdout } = await runCli(['runbook', 'test']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\d+ ok · 0 failed/)]);
  });

  it('events and watch follow what happens', async () => {
    for (const args of [['events', '--json'], ['watch']]) {
      const following = up.start(...args);
      const first = new Promise<string>((resolve) => following.process.stdout?.once('data', resolve));
      const text = await Promise.race([first, following.ended]);
      expect(text, args.join(' ')).toBeTypeOf('string');
      if (args[0] === 'events') expect(JSON.parse(String(text).split('\n')[0] ?? '')).toHaveProperty('type');
      following.process.kill('SIGTERM');
      expect((await following.ended).code).toBe(0);
    }
  });
});

describe('the end', () => {
  it('leaves an audit that verifies, with every act of this file in it', async () => {
    const { ok, entries } = await up.json<AuditCheck>('audit', 'verify');
    expect([ok, entries > 20]).toEqual([true, true]);
    const { items } = await up.json<Page<{ action?: string }>>('audit', '--all');
    const acted = new Set(items.map(({ action }) => action));
    expect(ACTION_NAMES.filter((name) => !acted.has(name))).toEqual(['replay', 'backfill', 'reset-breaker']);
  });

  it('is in order, and then the verbs say that nobody is there', async () => {
    expect((await up.stop()).code).toBe(0);
    const away = await up.run('lag');
    expect([away.code, away.stdout]).toEqual([4, '']);
    expect(away.stderr).toContain(`start it with: lakewarden up --lake ${up.lake}`);
    expect((await up.run('pause', 'source:orders', '--reason', 'nobody there')).code).toBe(4);
    // The files are still there for who only reads.
    expect((await up.run('status')).code).toBe(0);
    expect((await up.run('tables')).code).toBe(0);
  });
});
