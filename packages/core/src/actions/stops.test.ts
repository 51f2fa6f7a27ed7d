import { describe, expect, it } from 'vitest';
import { NOW_MS, planFor, SLICE, startAgent } from './action-world.fixture.ts';

const reason = 'the shop is closed';
const later = new Date(NOW_MS + 60_000).toISOString();
const earlier = new Date(NOW_MS - 60_000).toISOString();

describe('pause and resume', () => {
  it('say so when it is so already, and take another reason or end', async () => {
    const { act, log } = await startAgent();
    await act('pause', { target: 'source:orders', reason });
    expect(await act('pause', { target: 'source:orders', reason })).toMatchObject({ outcome: 'unchanged' });
    expect(await act('pause', { target: 'source:orders', reason, until: later })).toMatchObject({
      outcome: 'done',
    });
    expect(log.state.pauses.get('source:orders')?.until).toBe(later);
    expect(await act('resume', { target: 'silver.orders' })).toMatchObject({ outcome: 'unchanged' });
    expect(log.state.head.seq).toBe(2);
  });

  it('treat what has expired as gone', async () => {
    const { act, log, clock } = await startAgent();
    await act('pause', { target: 'source:orders', reason, until: later });
    clock.nowMs += 120_000;
    expect(await act('resume', { target: 'source:orders' })).toMatchObject({ outcome: 'unchanged' });
    expect(await act('pause', { target: 'source:orders', reason })).toMatchObject({ outcome: 'done' });
    expect(log.state.head.seq).toBe(2);
  });

  it.each([
    [{ target: 'source:orders', reason, until: earlier }, 'expired', /is past/],
    [{ target: 'source:order', reason }, 'not-found', /Did you mean "orders"\?$/],
    [{ target: 'silver.order', reason }, 'not-found', /Did you mean "silver.orders"\?$/],
    [{ target: 'bronze.orders', reason }, 'invalid', /source:orders/],
    [{ target: 'backfill:12345678', reason }, 'not-found', /no backfill/],
    [{ target: 'all', reason }, 'invalid', /target/],
  ])('refuse %j', async (input, code, words) => {
    const { refusal, log } = await startAgent();
    const found = await refusal('pause', input);
    expect(found.code).toBe(code);
    expect(`${found.message} ${found.remedy}`).toMatch(words);
    expect(log.state.head.seq).toBe(0);
  });

  it('know a backfill while it is not over', async () => {
    const { act, refusal, log } = await startAgent();
    const plan = planFor('backfill', ['silver.orders@2011-11-10', SLICE]);
    await act('backfill', { dataset: 'silver.orders', from: '2011-11-10', to: '2011-11-11' });
    const { id } = await act('apply', { plan: plan.hash });
    await act('pause', { target: id, reason });
    expect(log.state.pauses.has(id ?? '')).toBe(true);
    await act('cancel-run', { run: id });
    expect(log.state.pauses.size).toBe(0);
    expect(await refusal('pause', { target: id, reason })).toMatchObject({ code: 'expired' });
  });
});

describe('freeze and thaw', () => {
  it('fence exactly what is covered, and again when asked again', async () => {
    const { act, host } = await startAgent();
    await act('freeze', { target: 'silver', reason });
    await act('freeze', { target: 'gold.sales', reason });
    expect(await act('freeze', { target: 'gold.sales', reason })).toMatchObject({ outcome: 'unchanged' });
    expect(host.calls).toEqual(['fence silver.orders', 'fence gold.sales', 'fence gold.sales']);
  });

  it('never stop landing', async () => {
    const { refusal } = await startAgent();
    for (const target of ['bronze', 'bronze.orders']) {
      expect(await refusal('freeze', { target, reason })).toMatchObject({
        code: 'invalid',
        remedy: expect.stringMatching(/pause its source/),
      });
    }
  });

  it('say what stays frozen with something wider', async () => {
    const { act } = await startAgent();
    await act('freeze', { target: 'all', reason });
    await act('freeze', { target: 'gold', reason });
    expect((await act('thaw', { target: 'gold' })).message).toMatch(/stays frozen with all/);
    const { outcome, message } = await act('thaw', { target: 'gold.sales' });
    expect(outcome).toBe('unchanged');
    expect(message).toMatch(/stays frozen with all/);
    expect(await act('thaw', { target: 'all' })).toMatchObject({ outcome: 'done' });
  });
});
