import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  aBackfill,
  aBlame,
  aBreaker,
  aDataset,
  aLineage,
  anEntry,
  anExecution,
  anIncident,
  anOverview,
  aPlan,
  aProblem,
  aRun,
  aRunbook,
  aSlice,
  aSource,
  type FakeAgent,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import { ACTION_NAMES, type ActionName, type QueryResult } from '@lakewarden/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeWorldOptions, fakeWorld, run } from './testing/fake-world.ts';
import { allVerbs } from './verbs.ts';

let folder: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lakewarden-cli-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

const ROWS: QueryResult<'rows'> = {
  table: 'silver.orders',
  columns: [
    { name: 'country', type: 'VARCHAR' },
    { name: 'revenue', type: 'DECIMAL' },
  ],
  rows: [
    ['Iceland\u001b[2J', '12.50'],
    ['Malta', null],
  ],
  truncated: true,
};

const QUERIES: FakeAgentOptions['queries'] = {
  datasets: {
    items: [
      aDataset(),
      aDataset({ name: 'gold.daily_sales', layer: 'gold', state: 'fresh', why: '', flagged: true }),
    ],
  },
  dataset: aDataset(),
  slices: {
    items: [
      aSlice(),
      aSlice({
        id: 'silver.orders@2011-11-10',
        state: 'fresh',
        why: '',
        rows: 2_380,
        accounting: { in: 2_412, out: 2_380, quarantined: 4, duplicates: 28 },
        updatedAt: '2026-11-22T14:05:00.000Z',
        nextAttemptAt: undefined,
      }),
    ],
    next: 'silver.orders@2011-11-10',
  },
  quarantine: {
    dataset: 'silver.orders',
    rows: 1_456,
    reasons: [{ reason: 'unparseable', rows: 1_456, firstSlice: '2010-12-01', lastSlice: '2011-11-11' }],
  },
  rows: ROWS,
  slice: aSlice(),
  blame: aBlame(),
  lineage: aLineage(),
  runs: {
    items: [aRun(), aRun({ id: '9a9a', state: 'failed', error: 'decimal overflow', rows: undefined })],
  },
  backfills: { items: [aBackfill()] },
  backfill: aBackfill(),
  plan: aPlan(),
  lag: {
    sources: [
      aSource(),
      aSource({
        source: 'vendors',
        kind: 'data-factory',
        partitions: [],
        events: 0,
        seconds: 0,
        window: { key: '2026-11-22', state: 'landed', rows: 120 },
      }),
    ],
  },
  breakers: {
    breakers: [
      aBreaker(),
      aBreaker({
        dependency: 'event-hubs',
        state: 'open',
        failures: 5,
        lastError: '503',
        nextProbeAt: '2026-11-22T14:06:20.000Z',
      }),
    ],
  },
  incidents: { items: [anIncident()] },
  incident: anIncident(),
  runbooks: {
    runbooks: [aRunbook({ waiting: ['exec-9'] })],
    problems: ['poison-flood/runbook.yaml:3:1  unknown step'],
  },
  runbook: { status: aRunbook(), yaml: 'kind: Runbook\n', readme: '# Why\n\nIt sticks.\n' },
  executions: { items: [anExecution()] },
  audit: { items: [anEntry()] },
  'verify-audit': { ok: true, entries: 12, head: 'abcd' },
};

async function setUp(agent: FakeAgentOptions = {}, world: FakeWorldOptions = {}) {
  const fake = await startFakeAgent({ ...agent, queries: { ...QUERIES, ...agent.queries } });
  closing.push(() => fake.close());
  writeApiFile(fake);
  return { fake, world: fakeWorld({ cwd: folder, ...world }) };
}

/** As a running agent writes it. */
function writeApiFile(fake: FakeAgent, pid = process.pid): void {
  const state = join(folder, '.lakewarden', 'agent');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(join(state, 'token'), `${fake.token}\n`, { mode: 0o600 });
  writeFileSync(join(state, 'api.json'), JSON.stringify({ url: fake.url, tokenFile: 'token', pid }), {
    mode: 0o600,
  });
}

/** A line for every action. */
const ACTS: Readonly<Record<ActionName, string>> = {
  pause: 'pause source:orders --reason "month end" --until 2h',
  resume: 'resume source:orders',
  retry: 'retry silver.orders@2011-11-11',
  replay: 'replay silver.orders 2011-11-01 2011-11-30',
  backfill: 'backfill silver.orders 2011-11-01 2011-11-30 --only stale',
  apply: 'apply 7c1e --yes',
  waive: 'waive silver.orders@2011-11-11 --as empty --reason "lost for good" --yes',
  hold: 'hold silver.orders@2011-11-11 --reason "being looked at"',
  release: 'release silver.orders@2011-11-11',
  freeze: 'freeze gold --reason "month end" --yes',
  thaw: 'thaw gold',
  'reset-breaker': 'reset-breaker storage',
  'rerun-adf': 'rerun-adf source:vendors 2011-12-10 --yes',
  'cancel-run': 'cancel-run backfill:1a2b3c4d --yes',
  acknowledge: 'acknowledge inc-7',
  approve: 'approve exec-3 --yes',
  reject: 'reject exec-3 --reason "not now"',
  'run-runbook': 'run-runbook stuck-adf-run --incident inc-7 --yes',
};

describe('acting', () => {
  it.each(ACTION_NAMES.map((name) => [name, ACTS[name]] as const))(
    '%s reaches the agent: %s',
    async (name, line) => {
      const { fake, world } = await setUp();
      expect(await run(line, world), world.complained.join('\n')).toBe(0);
      expect(fake.acts.map(({ action }) => action)).toEqual([name]);
      expect(world.printed[0]).toContain(name);
      expect(await run(`${line} --dry-run --json`, world)).toBe(0);
      expect(JSON.parse(world.printed.at(-1) ?? '')).toMatchObject({ action: name, outcome: 'would' });
      expect(fake.acts).toHaveLength(1);
    },
  );

  it('sends what was written, in the words of the contract', async () => {
    const { fake, world } = await setUp();
    await run(`${ACTS.pause} --key my-key`, world);
    await run('runbook run stuck-adf-run --target source:vendors --yes', world);
    expect(fake.acts.map(({ input }) => input)).toEqual([
      { target: 'source:orders', reason: 'month end', until: '2026-11-22T16:06:12.000Z' },
      { runbook: 'stuck-adf-run', target: 'source:vendors' },
    ]);
    expect(fake.acts[0]?.key).toBe('my-key');
  });

  it('refuses what the contract refuses, with exit code 2 and without asking anybody', async () => {
    const { fake, world } = await setUp();
    expect(await run('retry everything', world)).toBe(2);
    expect(await run('hold silver.orders@2011-11-11 --reason x', world)).toBe(2);
    expect(world.complained).toEqual([
      'retry: target everything · must name slice or dataset or source, such as silver.orders@2011-11-11 · see: lakewarden help retry',
      expect.stringContaining('hold: reason x · '),
    ]);
    expect(fake.requests).toEqual([]);
  });

  it('asks before what is dangerous, after saying what would happen', async () => {
    const actions: FakeAgentOptions['actions'] = {
      freeze: ({ dryRun }) => ({
        action: 'freeze',
        outcome: dryRun ? 'would' : 'done',
        message: dryRun ? 'would stop promotion of gold' : 'promotion of gold is stopped',
        effects: ['6 tables keep their rows'],
      }),
    };
    const yes = await setUp({ actions }, { answer: 'y' });
    expect(await run('freeze gold --reason "month end"', yes.world)).toBe(0);
    expect(yes.world.complained).toEqual(['would stop promotion of gold', '  6 tables keep their rows']);
    expect(yes.world.questions).toEqual(['freeze gold: go on? [y/N] ']);
    expect(yes.world.printed).toEqual(['promotion of gold is stopped', '  6 tables keep their rows']);
    const no = await setUp({ actions }, { answer: '' });
    expect(await run('freeze gold --reason "month end"', no.world)).toBe(3);
    expect(no.fake.acts).toEqual([]);
    const nobody = await setUp({ actions });
    expect(await run('freeze gold --reason "month end"', nobody.world)).toBe(2);
    expect(nobody.world.complained[0]).toContain('there is no terminal · give --yes');
    expect(nobody.fake.acts).toEqual([]);
  });

  it('shows a plan and how to apply it', async () => {
    const planned = {
      action: 'replay',
      outcome: 'planned' as const,
      message: 'planned',
      effects: [],
      plan: aPlan(),
    };
    const { fake, world } = await setUp({ actions: { replay: planned } });
    expect(await run('replay silver.orders@2011-11-11', world)).toBe(0);
    expect(`\n${world.printed.join('\n')}\n`).toBe(`
Plan 7c1e…a4  replay silver.orders@2011-11-11          made 14:06:12 by an operator

  builds     1 slice of silver.orders             2,412 rows       ~0.2 s  duckdb
  then       gold.daily_sales 2011-11-11              6 rows       ~0.1 s
             gold.product_sales 2011-11           3,401 rows       ~0.2 s
             gold.customer_value all              4,338 rows       ~0.6 s
  reads      bronze.orders (no source is read again)
  cost       0.00 (embedded)
  takes      ~1.1 s for 4 slices
  expected   same rows unless the rule changed (clean v7 → v8)

Apply with: lakewarden apply 7c1e
`);
    expect(fake.acts).toHaveLength(1);
  });

  it('applies a plan at once when it may, under a key of its own, and says how to follow it', async () => {
    const plan = aPlan({
      kind: 'backfill',
      ranges: [{ source: 'orders', partition: 2, first: '5', last: '9', rows: 5 }],
      costUsd: 1.5,
    });
    const { fake, world } = await setUp({
      actions: {
        backfill: { action: 'backfill', outcome: 'planned', message: 'planned', effects: [], plan },
        apply: {
          action: 'apply',
          outcome: 'started',
          message: 'it runs',
          effects: [],
          id: 'backfill:1a2b3c4d',
        },
      },
    });
    expect(await run('backfill silver.orders 2011-11-01 2011-11-30 --apply --key k', world)).toBe(0);
    expect(fake.acts.map(({ action, key, input }) => [action, key, input.plan])).toEqual([
      ['backfill', 'k', undefined],
      ['apply', 'k-apply', plan.hash],
    ]);
    expect(world.printed).toContain('             orders partition 2: 5 … 9, 5 events');
    expect(world.printed).toContain('  cost       ~1.50 US dollars (duckdb)');
    expect(world.printed.slice(-2)).toEqual(['it runs', '→ lakewarden backfills backfill:1a2b3c4d --watch']);
    expect(world.printed.join('\n')).not.toContain('Apply with');
    world.printed.length = 0;
    await run('backfill silver.orders 2011-11-01 2011-11-30 --apply --json', world);
    expect(world.printed).toHaveLength(1);
    expect(JSON.parse(world.printed[0] ?? '')).toMatchObject({
      outcome: 'started',
      plan: { hash: plan.hash },
    });
  });

  it.each([
    [aProblem(), 3],
    [aProblem({ status: 403, code: 'forbidden' }), 3],
    [aProblem({ status: 429, code: 'too-many' }), 3],
    [aProblem({ status: 400, code: 'invalid' }), 2],
    [aProblem({ status: 404, code: 'not-found' }), 1],
    [aProblem({ status: 503, code: 'unavailable' }), 1],
  ])('tells a refusal in its words: %j', async (problem, exit) => {
    const { world } = await setUp({ actions: { apply: problem } });
    expect(await run('apply 7c1e --yes', world)).toBe(exit);
    expect(world.printed).toEqual([]);
    expect(world.complained).toEqual([
      'the world moved since the plan was made · POST /api/v1/actions/apply · make the plan again',
    ]);
  });
});

describe('looking', () => {
  const looks = allVerbs().filter(({ queries }) => queries !== undefined);
  const WORDS: Readonly<Record<string, string>> = {
    dataset: 'silver.orders',
    slice: 'silver.orders@2011-11-11',
    hash: '7c1e',
    name: 'stuck-adf-run',
    id: 'inc-7',
  };
  const lineOf = (verb: (typeof looks)[number]) =>
    [verb.name, ...verb.positionals.filter(({ required }) => required).map(({ name }) => WORDS[name])].join(
      ' ',
    );

  it.each(looks.map((verb) => [lineOf(verb)]))(
    '%s answers in words and in JSON, and never with more than one document',
    async (line) => {
      const { world } = await setUp();
      expect(await run(line, world), world.complained.join('\n')).toBe(0);
      expect(world.printed.length).toBeGreaterThan(0);
      expect(world.printed.join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|undefined|NaN/);
      world.printed.length = 0;
      expect(await run(`${line} --json`, world)).toBe(0);
      expect(world.printed).toHaveLength(1);
      expect(JSON.parse(world.printed[0] ?? '')).toBeTypeOf('object');
    },
  );

  const TABLES =
    'datasets,slices silver.orders,runs,backfills,lag,breakers,incidents,rows silver.orders,quarantine silver.orders,audit,runbook list,runbook history'.split(
      ',',
    );

  it('keeps tables within the terminal', async () => {
    for (const columns of [80, 120]) {
      const { world } = await setUp({}, { columns });
      for (const line of TABLES) await run(line, world);
      for (const text of world.printed.filter((each) => !each.startsWith('→')))
        expect(text.length, text).toBeLessThanOrEqual(columns);
    }
  });

  it('answers status with the first line and ends with the likely next command', async () => {
    const { world } = await setUp();
    expect(await run('status', world)).toBe(0);
    expect(`\n${world.printed.join('\n')}\n`).toBe(`
gold     fresh   3 min behind    6 tables
silver   1 failed of 305         orders 2011-11-11: decimal overflow in UnitPrice
bronze   fresh   lag 0           8 tables
breakers all closed      incidents 1 (recovering)      next drain in 4 min 12 s
incident silver.orders 2011-11-11 failed
→ lakewarden retry silver.orders@2011-11-11
`);
  });

  it('says in status what is open, behind, under way and starting', async () => {
    const { fake, world } = await setUp({
      queries: {
        overview: anOverview({
          breakers: [aBreaker(), aBreaker({ dependency: 'event-hubs', state: 'open' })],
          lag: { events: 312, seconds: 4 },
          incidents: { open: 0 },
          backfills: 1,
          nextDrainAt: '2026-11-22T14:00:00.000Z',
          next: '',
          agent: { ...anOverview().agent, ready: false },
        }),
      },
    });
    await run(`status --agent ${fake.url}`, world);
    expect(world.printed[0]).toBe('agent    starting · the lake has not been read as a whole yet');
    expect(world.printed[3]).toBe('bronze   fresh   lag 312 events, 4 s  8 tables');
    expect(world.printed.slice(4)).toEqual([
      'breakers event-hubs open      incidents 0      backfills 1      next drain now',
      `→ lakewarden status --watch --agent ${fake.url}`,
    ]);
  });

  it('shows slices with their equation, and says that there are more', async () => {
    const { world } = await setUp();
    await run('slices silver.orders --state failed', world);
    expect(`\n${world.printed.join('\n')}\n`).toBe(`
slice                     state    rows  in → out                    built     why
────────────────────────  ──────  ─────  ──────────────────────────  ────────  ─────────────────────────────────────────────
silver.orders@2011-11-11  failed      0                                        decimal overflow in UnitPrice · retry in 40 s
silver.orders@2011-11-10  fresh   2,380  2,412 → 2,380 · 4 q · 28 d  14:05:00
`);
    expect(world.complained).toEqual(['there is more · give --all, or --cursor silver.orders@2011-11-10']);
  });

  it('shows lag by partition, a partition that was never written among them', async () => {
    const { world } = await setUp();
    await run('lag', world);
    expect(`\n${world.printed.join('\n')}\n`).toBe(`
source         state   lag  behind  at                                 next           why
─────────────  ──────  ───  ──────  ─────────────────────────────────  ─────────────  ───
hub orders     fresh   312  4 s     3 partitions                       in 4 min 12 s
  partition 0  ok        0  0 s     135476 of 135476
  partition 1  ok        0  0 s     never written
  partition 2  behind  312  4 s     135000 of 135312
adf vendors    fresh                window 2026-11-22 landed 120 rows  in 4 min 12 s
`);
  });

  it('shows incidents with how long they last and when they must be over', async () => {
    const { world } = await setUp();
    await run('incidents --state active', world);
    expect(`\n${world.printed.join('\n')}\n`).toBe(`
incident  state       severity  what                                  lasts  deadline       runbook        looked after by
────────  ──────────  ────────  ────────────────────────────────────  ─────  ─────────────  ─────────────  ───────────────
inc-7     recovering  error     Data Factory run of vendors is stuck  42 s   in 9 min 18 s  stuck-adf-run
`);
  });

  it('shows one incident with its timeline and the likely next command', async () => {
    const { world } = await setUp();
    await run('incident inc-7', world);
    expect(world.printed.slice(-3)).toEqual([
      '  14:05:30     opened',
      '  14:05:31     runbook stuck-adf-run started',
      '→ lakewarden acknowledge inc-7',
    ]);
  });

  it('shows rows of data that cannot disturb the terminal, in words or JSON', async () => {
    const { world } = await setUp();
    await run('rows silver.orders', world);
    expect(world.printed).toContain('Iceland·[2J    12.50');
    await run('rows silver.orders --json', world);
    expect(world.printed.at(-1)).not.toContain('\u001b');
  });

  it('walks every page when asked to', async () => {
    const { world } = await setUp({
      queries: {
        runs: ({ cursor }) =>
          cursor === undefined ? { items: [aRun()], next: 'a' } : { items: [aRun({ id: 'second' })] },
      },
    });
    await run('runs --all --json', world);
    expect(JSON.parse(world.printed[0] ?? '').items).toHaveLength(2);
    expect(world.complained).toEqual([]);
  });

  it('ends with exit code 1 when the audit is broken', async () => {
    const { world } = await setUp({
      queries: {
        'verify-audit': {
          ok: false,
          entries: 12,
          head: 'abcd',
          brokenAt: 7,
          problem: 'the hash does not fit',
        },
      },
    });
    expect(await run('audit verify', world)).toBe(1);
    expect(world.printed).toEqual(['the audit is broken at entry 7: the hash does not fit · head abcd']);
  });
});

describe('finding the agent', () => {
  it('takes what is written behind its options, then the environment, then the lake', async () => {
    const { fake } = await setUp();
    const other = await startFakeAgent({ token: 'other', queries: { breakers: { breakers: [] } } });
    closing.push(() => other.close());
    writeFileSync(join(folder, 'other-token'), 'other');
    const env = { LAKEWARDEN_AGENT: other.url, LAKEWARDEN_TOKEN_FILE: 'other-token' };
    const byEnvironment = fakeWorld({ cwd: folder, env });
    expect(await run('breakers', byEnvironment), byEnvironment.complained.join()).toBe(0);
    expect(byEnvironment.printed).toEqual(['no dependencies yet']);
    expect(
      await run(`breakers --agent ${fake.url} --token-file .lakewarden/agent/token`, byEnvironment),
    ).toBe(0);
    expect(fake.requests).toEqual(['GET /api/v1/breakers']);
  });

  it('never shows the token of the lake to another agent', async () => {
    await setUp();
    const seen: unknown[] = [];
    const other = await startFakeAgent({
      intercept(request) {
        seen.push(request.headers.authorization);
        return false;
      },
    });
    closing.push(() => other.close());
    const world = fakeWorld({ cwd: folder });
    expect(await run(`breakers --agent ${other.url}`, world)).toBe(3);
    expect(seen).toEqual([undefined]);
    expect(world.complained[0]).toMatch(/· give --token-file$/);
  });

  it('ends with exit code 4 when there is none, when it is gone, and when what it wrote is of a dead process', async () => {
    const world = fakeWorld({ cwd: folder });
    expect(await run('breakers', world)).toBe(4);
    expect(world.complained[0]).toBe(
      `no agent is up · ${join(folder, '.lakewarden')} · start it with: lakewarden up, or give --agent URL`,
    );
    const { fake } = await setUp();
    await fake.close();
    expect(await run('breakers', world)).toBe(4);
    expect(world.complained[1]).toMatch(
      /^the agent is not reachable \(ECONNREFUSED\) · http.* · start it with: lakewarden up$/,
    );
    writeApiFile(fake, 2 ** 22 + 1);
    expect(await run('breakers', world)).toBe(4);
    expect(world.complained[2]).toMatch(/^no agent is up/);
    expect(await run(`status --agent ${fake.url}`, world)).toBe(4);
  });

  it.each([
    ['breakers --agent http://example.com', 2, 'plain http would show the token to the network'],
    ['breakers --agent nonsense', 2, 'no URL of an agent'],
    ['breakers --token-file nowhere', 3, 'the token cannot be read (ENOENT)'],
  ])('refuses what makes no sense: %s', async (line, exit, words) => {
    const { world } = await setUp();
    expect(await run(line, world)).toBe(exit);
    expect(world.complained[0]).toContain(words);
  });

  it('says 3 for an agent of another version, and 1 for what is no agent', async () => {
    const { world } = await setUp({
      queries: { overview: anOverview({ agent: { ...anOverview().agent, api: 99 } }) },
    });
    expect(await run('resume source:orders', world)).toBe(3);
    const broken = await setUp({ queries: { breakers: { hello: 1 } as never } });
    expect(await run('breakers', broken.world)).toBe(1);
  });
});
