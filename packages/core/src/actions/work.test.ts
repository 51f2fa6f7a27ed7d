import { describe, expect, it } from 'vitest';
import type { WindowObservation } from '../observe/observation.ts';
import { NOW_MS, planFor, startAgent } from './action-world.fixture.ts';

function windowSeen(change: Partial<WindowObservation>): WindowObservation {
  return {
    ...{ source: 'stores', dataset: 'bronze.stores', window: '2026-01-14', state: 'landed' },
    ...{ sinceMs: NOW_MS, attempts: 1 },
    ...change,
  };
}

describe('retry', () => {
  it('says how much had failed', async () => {
    const { act } = await startAgent();
    expect((await act('retry', { target: 'silver.orders' })).message).toMatch(/2 slices had failed$/);
    expect(await act('retry', { target: 'source:stores' })).toMatchObject({ outcome: 'done' });
  });

  it('knows what there is', async () => {
    const { refusal } = await startAgent();
    expect(await refusal('retry', { target: 'source:store' })).toMatchObject({ code: 'not-found' });
    expect(await refusal('retry', { target: 'gold.sale@2011-11' })).toMatchObject({ code: 'not-found' });
  });
});

describe('reset-breaker', () => {
  it('has nothing to do for a closed one, and knows which there are', async () => {
    const { act, refusal, host } = await startAgent();
    expect(await act('reset-breaker', { dependency: 'engine' })).toMatchObject({ outcome: 'unchanged' });
    expect(await refusal('reset-breaker', { dependency: 'storag' })).toMatchObject({
      ...{ code: 'not-found', remedy: 'Did you mean "storage"?' },
    });
    expect(host.calls).toEqual([]);
  });
});

describe('cancel-run', () => {
  it('cancels a run of Data Factory that is under way, and no other', async () => {
    const { act, refusal, host } = await startAgent();
    host.windows = [windowSeen({ state: 'running', runId: 'adf-1' })];
    await act('cancel-run', { run: 'adf-1' });
    expect(host.calls).toEqual(['cancel adf-1']);
    host.windows = [windowSeen({ state: 'landed', runId: 'adf-1' })];
    expect(await refusal('cancel-run', { run: 'adf-1' })).toMatchObject({ code: 'not-found' });
  });

  it('ends a backfill once', async () => {
    const { act, refusal, log } = await startAgent();
    await act('backfill', { dataset: 'silver.orders', from: '2011-11-10', to: '2011-11-11' });
    const plan = planFor('backfill', ['silver.orders@2011-11-10', 'silver.orders@2011-11-11']);
    const { id = '' } = await act('apply', { plan: plan.hash });
    expect(await act('cancel-run', { run: id })).toMatchObject({ outcome: 'done', id });
    expect(await act('cancel-run', { run: id })).toMatchObject({ outcome: 'unchanged', id });
    expect(log.state.backfills.get(id.slice('backfill:'.length))?.ended?.as).toBe('cancelled');
    expect(await refusal('cancel-run', { run: 'backfill:ffffffff' })).toMatchObject({ code: 'not-found' });
  });
});

describe('rerun-adf', () => {
  const input = { source: 'source:stores', window: '2026-01-14' };

  it('asks for one attempt more than any that is known', async () => {
    const { act, log, host } = await startAgent();
    host.windows = [windowSeen({ attempts: 3 })];
    expect((await act('rerun-adf', input)).message).toMatch(/attempt 4/);
    expect(log.state.reruns.get('stores/2026-01-14')).toBe(4);
  });

  it('waits for the attempt that is asked for already, unless that one failed', async () => {
    const { act, log, host } = await startAgent();
    await act('rerun-adf', input);
    expect(await act('rerun-adf', input)).toMatchObject({ outcome: 'unchanged' });
    host.windows = [windowSeen({ state: 'failed', attempts: 1 })];
    await act('rerun-adf', input);
    expect(log.state.reruns.get('stores/2026-01-14')).toBe(2);
  });

  it.each([
    [{ source: 'source:orders', window: '2026-01-14' }, 'invalid', /is a hub/],
    [{ source: 'source:vendors', window: '2026-01-14' }, 'not-found', /orders, stores/],
    [{ source: 'source:stores', window: '2026-01-15' }, 'conflict', /has not closed/],
    [{ source: 'source:stores', window: '2026-01' }, 'invalid', /no window/],
    [{ source: 'source:stores', window: '2025-02-30' }, 'invalid', /no window/],
  ])('refuses %j', async (asked, code, words) => {
    const { refusal } = await startAgent();
    const found = await refusal('rerun-adf', asked);
    expect(found.code).toBe(code);
    expect(`${found.message} ${found.remedy}`).toMatch(words);
  });
});
