import { createClient } from '@lakewarden/client';
import {
  aBackfill,
  aDataset,
  aPlan,
  aProblem,
  aSlice,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import { ACTION_NAMES, type ActionName, type Plan } from '@lakewarden/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { LakeModel } from '../models/lake-model.ts';
import { PlansModel } from '../models/plans-model.ts';
import { ManualClock, memoryLog } from '../models/testing.ts';
import { ActRunner, type ActView, dangerOf, type Offer } from './act-runner.ts';
import { untranslated } from './ask.ts';
import { scriptedAsk } from './testing.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const QUERIES: NonNullable<FakeAgentOptions['queries']> = {
  datasets: { items: [aDataset()] },
  lag: { sources: [] },
  runs: { items: [] },
  backfills: { items: [aBackfill()] },
  incidents: { items: [] },
  executions: { items: [] },
  runbooks: { runbooks: [], problems: [] },
};

interface Scene {
  readonly answers?: readonly unknown[];
  readonly offers?: readonly Offer[];
  readonly actions?: FakeAgentOptions['actions'];
  readonly intercept?: FakeAgentOptions['intercept'];
}

async function scene({ answers = [], offers = [], actions, intercept }: Scene) {
  const fake = await startFakeAgent({
    queries: QUERIES,
    ...(actions !== undefined && { actions }),
    ...(intercept !== undefined && { intercept }),
  });
  closing.push(() => fake.close());
  const log = memoryLog();
  const lake = new LakeModel(new ManualClock(), log);
  const client = createClient({ url: fake.url, token: fake.token });
  await lake.begin(client, new AbortController().signal);
  const seen = {
    plans: [] as Plan[],
    done: [] as string[],
    followed: [] as string[],
    refused: [] as string[],
    signedIn: 0,
  };
  const left = [...offers];
  const view: ActView = {
    working: (_, run) => run(new AbortController().signal),
    done: (message) => void seen.done.push(message),
    showPlan: async (plan) => void seen.plans.push(plan),
    follow: (id) => void seen.followed.push(id),
    refused: async (message) => {
      seen.refused.push(message);
      return left.shift();
    },
    signIn: async () => void seen.signedIn++,
  };
  const ask = scriptedAsk(answers);
  let keys = 0;
  const plans = new PlansModel();
  const runner = new ActRunner({
    ask,
    t: untranslated,
    view,
    lake,
    plans,
    log,
    uuid: () => `key-${++keys}`,
    nowMs: () => Date.parse('2026-11-22T14:00:00Z'),
    slicesOf: async () => [aSlice()],
  });
  return { fake, runner, seen, ask, plans, lake, log };
}

describe('an act', () => {
  it('that is harmless is done at once', async () => {
    const { runner, fake, seen, ask } = await scene({});
    await runner.run('retry', {
      target: 'silver.orders@2011-11-11',
      dataset: 'silver.orders',
      slice: '2011-11-11',
    });
    expect(fake.acts).toEqual([
      { action: 'retry', input: { target: 'silver.orders@2011-11-11' }, dryRun: false, key: 'key-1' },
    ]);
    expect(ask.asked).toEqual([]);
    expect(seen.done).toHaveLength(1);
  });

  it('asks for what is missing, in the order of the contract', async () => {
    const { runner, fake, ask } = await scene({ answers: ['vendor is down', '2026-11-23T00:00:00.000Z'] });
    await runner.run('pause', { target: 'source:orders' });
    expect(fake.acts[0]?.input).toEqual({
      target: 'source:orders',
      reason: 'vendor is down',
      until: '2026-11-23T00:00:00.000Z',
    });
    expect(ask.asked.map(({ kind }) => kind)).toEqual(['text', 'pick']);
  });

  it('takes the range of a month from its slices', async () => {
    const { runner, fake } = await scene({ answers: ['stale'] });
    await runner.run('backfill', { dataset: 'silver.orders', from: '2011-11-01', to: '2011-11-30' });
    expect(fake.acts[0]?.input).toEqual({
      dataset: 'silver.orders',
      from: '2011-11-01',
      to: '2011-11-30',
      only: 'stale',
    });
  });

  it('does nothing when the person leaves', async () => {
    const { runner, fake, seen } = await scene({ answers: [undefined] });
    await runner.run('pause', { target: 'source:orders' });
    expect(fake.acts).toEqual([]);
    expect(seen.refused).toEqual([]);
  });

  it('that plans shows the plan and changes nothing', async () => {
    const plan = aPlan();
    const { runner, seen, plans } = await scene({
      actions: { replay: { action: 'replay', outcome: 'planned', message: 'planned', effects: [], plan } },
    });
    await runner.run('replay', { target: 'silver.orders@2011-11-11' });
    expect(seen.plans).toEqual([plan]);
    expect(plans.get(plan.hash)).toEqual(plan);
    expect(seen.done).toEqual([]);
  });

  it('that is dangerous is previewed, confirmed, then done; a backfill is followed', async () => {
    const { runner, fake, seen, ask } = await scene({
      answers: [true],
      actions: {
        apply: ({ dryRun }) => ({
          action: 'apply',
          outcome: dryRun ? 'would' : 'started',
          message: 'builds 29 slices',
          effects: ['29 slices of silver.orders\u202e'],
          ...(!dryRun && { id: 'backfill:1a2b3c4d' }),
        }),
      },
    });
    await runner.run('apply', { plan: aPlan().hash });
    const [asked] = ask.asked;
    expect(asked).toMatchObject({ kind: 'confirm', question: 'Apply 7c1e…a4?' });
    expect(asked?.detail).toBe('builds 29 slices\n· 29 slices of silver.orders·');
    expect(fake.acts.map(({ dryRun }) => dryRun)).toEqual([false]);
    expect(seen.followed).toEqual(['backfill:1a2b3c4d']);
  });

  it('that is not confirmed is not done', async () => {
    const { runner, fake } = await scene({ answers: [false] });
    await runner.run('cancel-run', { run: 'backfill:1a2b3c4d' });
    expect(fake.acts).toEqual([]);
  });

  it('on a whole layer is typed', async () => {
    const { runner, fake, ask } = await scene({ answers: ['month end', '', 'silver'] });
    await runner.run('freeze', { target: 'gold' });
    expect(fake.acts).toEqual([]);
    expect(ask.asked.at(-1)?.problem?.('silver')).toBe('Type gold');
    expect(ask.asked.at(-1)?.problem?.('gold')).toBeUndefined();
  });

  it('that the agent refuses says what and what to do', async () => {
    const { runner, seen, log } = await scene({ actions: { retry: aProblem() } });
    await runner.run('retry', { target: 'silver.orders' });
    expect(seen.refused).toEqual(['the world moved since the plan was made · make the plan again']);
    expect(log.lines.join('\n')).toContain('the world moved');
  });

  it('whose answer was lost is tried again with the same key when the person says so', async () => {
    // A cut connection is tried once more by the client itself.
    let cuts = 2;
    const { runner, fake, seen } = await scene({
      offers: ['again'],
      intercept: (request) => {
        if (request.method !== 'POST' || cuts-- <= 0) return false;
        request.socket.destroy();
        return true;
      },
    });
    await runner.run('retry', { target: 'silver.orders' });
    expect(seen.refused).toHaveLength(1);
    expect(fake.acts.map(({ key }) => key)).toEqual(['key-1']);
    expect(seen.done).toHaveLength(1);
  });

  it('offers to sign in when the token is none', async () => {
    const { runner, seen } = await scene({
      offers: ['signIn'],
      actions: {
        retry: aProblem({ status: 401, code: 'unauthenticated', detail: 'no token', remedy: 'sign in' }),
      },
    });
    await runner.run('retry', { target: 'silver.orders' });
    expect(seen.signedIn).toBe(1);
  });

  it('says so when there is no agent', async () => {
    const { runner, seen, lake, fake } = await scene({});
    lake.end();
    await runner.run('retry', { target: 'silver.orders' });
    expect(seen.refused[0]).toContain('No agent is connected');
    expect(fake.acts).toEqual([]);
  });

  it('with an input that the contract refuses is not sent', async () => {
    const { runner, seen, fake } = await scene({});
    await runner.run('retry', {}, { target: 'no such thing' });
    expect(seen.refused[0]).toMatch(/^retry: target no such thing · must name/);
    expect(fake.acts).toEqual([]);
  });

  it.each(ACTION_NAMES)('%s can be carried out from nothing, whatever is asked', async (name: ActionName) => {
    const { runner, fake, seen } = await scene({ answers: 'any' as never });
    await runner.run(name, {});
    expect(seen.refused).toEqual([]);
    expect(fake.acts.map(({ action }) => action)).toEqual([name]);
  });
});

it('knows what hits a layer', () => {
  expect(dangerOf('freeze', { target: 'gold', reason: 'x' } as never)).toBe('typed');
  expect(dangerOf('freeze', { target: 'gold.daily_sales', reason: 'x' } as never)).toBe('confirm');
  expect(dangerOf('thaw', { target: 'gold' } as never)).toBe('none');
});
