import {
  ACTION_NAMES,
  ACTIONS,
  type ActionContract,
  type ActionName,
  actionResultSchema,
  TransientError,
} from '@lakewarden/contracts';
import { type MemoryStorage, memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import {
  incidentEffect,
  planFor,
  RUN,
  RUNBOOK,
  SLICE,
  signal,
  startAgent,
  startedEffect,
  type TestAgent,
} from './action-world.fixture.ts';

interface Case {
  readonly given?: (agent: TestAgent) => Promise<unknown> | undefined;
  readonly input: Readonly<Record<string, unknown>>;
  readonly outcome?: 'started';
  /** Types of the effects in its audit entry. */
  readonly effects: readonly string[];
  /** What the agent is told to do, once the entry is durable. */
  readonly calls: readonly string[];
}

const reason = 'the shop is closed';
const plan = planFor('replay', [SLICE]);

async function note(agent: TestAgent, ...effects: Parameters<TestAgent['log']['note']>[0]) {
  agent.log.note(effects);
  await agent.log.flush(signal);
}

/** All actions that change something; total, so that a new one is tested. */
const CASES: Readonly<Record<Exclude<ActionName, 'replay' | 'backfill'>, Case>> = {
  pause: { input: { target: 'source:orders', reason }, effects: ['Paused'], calls: [] },
  resume: {
    given: (agent) => agent.act('pause', { target: 'silver.orders', reason }),
    ...{ input: { target: 'silver.orders' }, effects: ['Resumed'], calls: ['wake'] },
  },
  retry: { input: { target: SLICE }, effects: ['Retried'], calls: [`clear ${SLICE}`, 'wake'] },
  apply: {
    given: (agent) => agent.act('replay', { target: SLICE }),
    ...{ input: { plan: plan.hash.slice(0, 12) }, effects: ['SlicesSalted'], calls: ['wake'] },
  },
  waive: {
    input: { slice: 'gold.sales@2011-12', as: 'empty', reason },
    ...{ effects: ['Pinned'], calls: ['fence gold.sales', 'wake'] },
  },
  hold: { input: { slice: SLICE, reason }, effects: ['Pinned'], calls: ['fence silver.orders', 'wake'] },
  release: {
    given: (agent) => agent.act('hold', { slice: SLICE, reason }),
    ...{ input: { slice: SLICE }, effects: ['Released'], calls: ['wake'] },
  },
  freeze: {
    input: { target: 'all', reason },
    effects: ['Frozen'],
    calls: ['fence silver.orders gold.sales'],
  },
  thaw: {
    given: (agent) => agent.act('freeze', { target: 'gold', reason }),
    ...{ input: { target: 'gold' }, effects: ['Thawed'], calls: ['wake'] },
  },
  'reset-breaker': {
    input: { dependency: 'storage' },
    effects: ['BreakerReset'],
    calls: ['reset storage', 'wake'],
  },
  'rerun-adf': {
    input: { source: 'source:stores', window: '2026-01-14' },
    effects: ['WindowRerun'],
    calls: ['wake'],
  },
  'cancel-run': { input: { run: RUN }, effects: ['RunCancelled'], calls: [`cancel ${RUN}`] },
  acknowledge: {
    given: (agent) => note(agent, incidentEffect('i-1')),
    ...{ input: { incident: 'i-1' }, effects: ['IncidentAcknowledged'], calls: [] },
  },
  approve: {
    given: (agent) => note(agent, startedEffect('x-1', 'waiting-approval')),
    ...{ input: { execution: 'x-1' }, effects: ['ExecutionMoved'], calls: ['approve x-1 by ann'] },
  },
  reject: {
    given: (agent) => note(agent, incidentEffect('i-1'), startedEffect('x-1', 'waiting-approval', 'i-1')),
    input: { execution: 'x-1', reason },
    ...{ effects: ['ExecutionMoved', 'IncidentMoved'], calls: [`reject x-1 by ann: ${reason}`] },
  },
  'run-runbook': {
    input: { runbook: RUNBOOK, target: 'source:orders' },
    ...{
      outcome: 'started',
      effects: ['ExecutionStarted'],
      calls: [expect.stringMatching(/^carry on exec-/)],
    },
  },
};
const NAMES = Object.keys(CASES) as (keyof typeof CASES)[];

async function prepared(name: keyof typeof CASES, storage = memoryStorage()) {
  const agent = await startAgent(storage);
  await CASES[name].given?.(agent);
  agent.host.calls.length = 0;
  return { agent, before: contentsOf(storage), seq: agent.log.state.head.seq, storage };
}

function contentsOf(storage: MemoryStorage): readonly string[] {
  return [...storage.objects.keys()].sort();
}

describe.each(NAMES)('%s', (name) => {
  const { input, effects, calls, outcome = 'done' } = CASES[name];

  it('is in the audit before it is done', async () => {
    const { agent, seq, storage } = await prepared(name);
    const seqs: number[] = [];
    agent.host.before = () => seqs.push(agent.log.state.head.seq);
    const result = await agent.act(name, input, { key: 'k' });
    expect(actionResultSchema.parse(result)).toEqual(result);
    expect(result).toMatchObject({ action: name, outcome, audit: seq + 1 });
    expect(result.effects.length).toBeGreaterThan(0);
    expect(agent.host.calls).toEqual(calls);
    for (const at of seqs) expect(at).toBe(seq + 1);
    const [entry] = await agent.log.entries({ limit: 1 }, signal);
    expect(entry).toMatchObject({ actor: 'ann', role: 'admin', action: name, idempotency: 'ann:k' });
    expect(entry?.effects.map(({ type }) => type)).toEqual(effects);
    expect((await startAgent(storage)).log.state).toEqual(agent.log.state);
  });

  it('changes nothing in a dry run, and says what it would do', async () => {
    const { agent, before, seq, storage } = await prepared(name);
    const result = await agent.act(name, input, { dryRun: true });
    expect(result).toMatchObject({ action: name, outcome: 'would' });
    expect(result.effects.length).toBeGreaterThan(0);
    expect([agent.host.calls, agent.log.state.head.seq, contentsOf(storage)]).toEqual([[], seq, before]);
  });

  it('is once when it is asked for twice with one key, also at the same moment', async () => {
    const { agent, seq } = await prepared(name);
    const [first, second] = await Promise.all([
      agent.act(name, input, { key: 'k' }),
      agent.act(name, input, { key: 'k' }),
    ]);
    expect([first.outcome, second.outcome].sort()).toEqual([outcome, 'unchanged'].sort());
    const third = await agent.act(name, input, { key: 'k' });
    expect(third).toMatchObject({ outcome: 'unchanged', audit: seq + 1 });
    expect(third.id).toBe(outcome === 'started' ? first.id : undefined);
    expect(agent.log.state.head.seq).toBe(seq + 1);
  });

  it('is once when it is asked for again after a restart, and what may be missing is done', async () => {
    const { agent, seq, storage } = await prepared(name);
    await agent.act(name, input, { key: 'k' });
    const again = await startAgent(storage);
    expect(await again.act(name, input, { key: 'k' })).toMatchObject({
      outcome: 'unchanged',
      audit: seq + 1,
    });
    expect(again.log.state).toEqual(agent.log.state);
    const done = again.host.calls.length;
    await again.act(name, input, { key: 'k' });
    expect(again.host.calls).toHaveLength(done);
  });

  it('is refused to who may not', async () => {
    const { agent, before, seq, storage } = await prepared(name);
    const roles = ['alert-sender', 'viewer', 'operator'] as const;
    for (const role of roles.slice(0, ACTIONS[name].role === 'admin' ? 3 : 2)) {
      const refusal = await agent.refusal(name, input, { role, key: 'k' });
      expect(refusal).toMatchObject({ code: 'forbidden', status: 403 });
    }
    expect([agent.host.calls, agent.log.state.head.seq, contentsOf(storage)]).toEqual([[], seq, before]);
  });

  it('refuses its key for anything else', async () => {
    const { agent, seq } = await prepared(name);
    await agent.act('pause', { target: 'gold.sales', reason }, { key: 'k' });
    expect(await agent.refusal(name, input, { key: 'k' })).toMatchObject({ code: 'key-reused', status: 409 });
    expect(agent.log.state.head.seq).toBe(seq + 1);
    expect(await agent.act(name, input, { key: 'k', as: 'bob' })).toMatchObject({ outcome });
  });

  it('changes nothing while the audit cannot be written', async () => {
    let isAway = false;
    const { agent, seq } = await prepared(
      name,
      memoryStorage({
        faults: ({ operation }) => (isAway && operation === 'putIfAbsent' ? 'unavailable' : undefined),
      }),
    );
    isAway = true;
    expect(await agent.refusal(name, input, { key: 'k' })).toMatchObject({
      code: 'unavailable',
      status: 503,
    });
    expect([agent.host.calls, agent.log.state.head.seq]).toEqual([[], seq]);
    isAway = false;
    expect(await agent.act(name, input, { key: 'k' })).toMatchObject({ outcome });
  });
});

describe.each(ACTION_NAMES)('bad input of %s', (name) => {
  const good = name === 'replay' ? { target: SLICE } : name === 'backfill' ? {} : CASES[name].input;
  const [key = ''] = Object.keys((ACTIONS[name] as ActionContract).input.shape);
  const long = 'x'.repeat(100_000);

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', [good]],
    ['a text', 'source:orders'],
    ['no keys', {}],
    ['an unknown key', { ...good, extra: 1 }],
    ['a very long unknown key', { ...good, [long]: 1 }],
    [
      '__proto__',
      JSON.parse(`{"__proto__":{"role":"admin"},${JSON.stringify(good).slice(1)}`.replace(',}', '}')),
    ],
    ['constructor', { ...good, constructor: { prototype: {} } }],
    ['a very long value', { ...good, [key]: long }],
    ['an object for a text', { ...good, [key]: { toString: 'x' } }],
    ['another place', { ...good, [key]: '../../etc/passwd' }],
    ['markup', { ...good, [key]: '<script>' }],
  ])('is refused: %s', async (_what, input) => {
    const agent = await startAgent();
    const refusal = await agent.refusal(name, input, { key: 'k' });
    expect(['invalid', 'not-found']).toContain(refusal.code);
    expect(refusal.message.length).toBeLessThanOrEqual(400);
    expect(refusal.remedy).not.toBe('');
    expect([agent.host.calls, agent.log.state.head.seq]).toEqual([[], 0]);
  });
});

describe('the door', () => {
  it.each(['__proto__', 'constructor', '', 'x'.repeat(100_000), 'pauze'])(
    'knows no action %.20s',
    async (name) => {
      const agent = await startAgent();
      const refusal = await agent.refusal(name, {});
      expect(refusal).toMatchObject({ code: 'unknown-action', status: 404 });
      expect(refusal.message.length).toBeLessThan(100);
      if (name === 'pauze') expect(refusal.remedy).toBe('Did you mean "pause"?');
    },
  );

  it('takes keys that are keys only', async () => {
    const agent = await startAgent();
    for (const key of ['', 'a b', 'x'.repeat(201), 'a\nb']) {
      expect(await agent.refusal('pause', CASES.pause.input, { key })).toMatchObject({ code: 'invalid' });
    }
  });

  it('says that something holds although not all of it was answered, and ends it when asked again', async () => {
    const { agent } = await prepared('freeze');
    let isAway = true;
    agent.host.before = () => {
      if (isAway) throw new TransientError('timeout', 'no answer');
    };
    const refusal = await agent.refusal('freeze', CASES.freeze.input, { key: 'k' });
    expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringContaining('audit 1') });
    expect(agent.log.state.freezes.has('all')).toBe(true);
    expect(agent.facts).toContainEqual(expect.objectContaining({ type: 'ActionUnfinished', audit: 1 }));
    isAway = false;
    expect(await agent.act('freeze', CASES.freeze.input, { key: 'k' })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(agent.host.calls).toEqual(['fence silver.orders gold.sales']);
  });

  it('tells of each act once, and of no dry run', async () => {
    const agent = await startAgent();
    await agent.act('pause', CASES.pause.input, { dryRun: true });
    await agent.act('pause', CASES.pause.input);
    await agent.refusal('pause', {});
    expect(agent.facts.filter(({ type }) => type.startsWith('Action'))).toEqual([
      { type: 'ActionPerformed', action: 'pause', actor: 'ann', outcome: 'done', audit: 1 },
      { type: 'ActionRefused', action: 'pause', actor: 'ann', code: 'invalid' },
    ]);
  });
});
