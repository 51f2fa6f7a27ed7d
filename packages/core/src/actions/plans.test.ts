import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { planFor, SLICE, signal, startAgent } from './action-world.fixture.ts';

const reason = 'the shop is closed';
const range = { dataset: 'silver.orders', from: '2011-11-10', to: '2011-11-11' };
const fill = planFor('backfill', ['silver.orders@2011-11-10', SLICE]);
const again = planFor('replay', [SLICE]);

describe('replay and backfill', () => {
  it('make a plan that can be looked at, and change nothing', async () => {
    const { act, actions, log, host } = await startAgent();
    const result = await act('replay', { target: SLICE });
    expect(result).toMatchObject({ outcome: 'planned', plan: { hash: again.hash } });
    expect(result.message).toContain(`lakewarden apply ${again.hash.slice(0, 12)}`);
    expect(await actions.plans.get(again.hash, signal)).toEqual({ kind: 'found', plan: again });
    expect(await actions.plans.get(again.hash.slice(0, 4), signal)).toEqual({ kind: 'found', plan: again });
    expect(await actions.plans.get(again.hash.slice(0, 3), signal)).toEqual({ kind: 'absent' });
    expect(await actions.plans.get('0'.repeat(64), signal)).toEqual({ kind: 'absent' });
    expect([log.state.head.seq, host.calls]).toEqual([0, []]);
    expect(await act('replay', { target: SLICE })).toMatchObject({ outcome: 'planned' });
  });

  it('keep no plan of a dry run', async () => {
    const { act, storage, refusal } = await startAgent();
    const result = await act('backfill', range, { dryRun: true });
    expect(result).toMatchObject({ outcome: 'would', plan: { hash: fill.hash } });
    expect([...(storage as ReturnType<typeof memoryStorage>).objects.keys()]).toEqual([]);
    expect(await refusal('apply', { plan: fill.hash })).toMatchObject({ code: 'not-found' });
  });
});

describe('apply', () => {
  it('starts a backfill below live work, once', async () => {
    const { act, log } = await startAgent();
    await act('backfill', range);
    const { id = '', outcome } = await act('apply', { plan: fill.hash.slice(0, 8) });
    const bare = id.slice('backfill:'.length);
    expect(outcome).toBe('started');
    expect(log.state.backfills.get(bare)).toMatchObject({
      plan: fill.hash,
      dataset: 'silver.orders',
      startedBy: 'ann',
    });
    expect(log.state.salts.get(SLICE)).toEqual({ salt: bare, previous: '', backfill: bare });
    expect(await act('apply', { plan: fill.hash })).toMatchObject({ outcome: 'unchanged', id });
    expect(log.state.head.seq).toBe(1);
  });

  it('replays silver and gold at live priority, once', async () => {
    const { act, log } = await startAgent();
    await act('replay', { target: SLICE });
    await act('apply', { plan: again.hash });
    expect(log.state.salts.get(SLICE)).toEqual({ salt: again.hash.slice(0, 16), previous: '' });
    expect(await act('apply', { plan: again.hash })).toMatchObject({ outcome: 'unchanged' });
  });

  it('builds what had failed at once, and leaves other failures their time', async () => {
    const { act, host } = await startAgent();
    const failed = (slice: string) => ({
      ...{ dataset: 'silver.orders' as const, slice, reason: 'unauthorized', attempts: 3 },
      ...{ sinceMs: 0, nextAttemptMs: 3_600_000 },
    });
    host.failures = [failed('2011-11-11'), failed('2011-11-12')];
    await act('replay', { target: SLICE });
    await act('apply', { plan: again.hash });
    expect(host.calls).toEqual([`clear ${SLICE}`, 'wake']);
  });

  it('reads the ranges of a hub again, and may do so once more when that has ended', async () => {
    const { act, log } = await startAgent();
    const slice = 'bronze.orders@2011-11-11';
    const plan = planFor('replay', [slice]);
    await act('replay', { target: slice });
    await act('apply', { plan: plan.hash });
    expect(log.state.replays.get(plan.hash)).toEqual({ plan: plan.hash, source: 'orders', slices: [slice] });
    expect(await act('apply', { plan: plan.hash })).toMatchObject({ outcome: 'unchanged' });
    log.note([{ type: 'SourceReplayEnded', plan: plan.hash, as: 'unchanged', note: 'equal rows' }]);
    expect(await act('apply', { plan: plan.hash })).toMatchObject({ outcome: 'done' });
  });

  it('copies the windows of a batch again', async () => {
    const { act, log } = await startAgent();
    const slice = 'bronze.stores@2011-11-11';
    await act('replay', { target: slice });
    await act('apply', { plan: planFor('replay', [slice]).hash });
    expect(log.state.reruns.get('stores/2011-11-11')).toBe(1);
    expect(await act('apply', { plan: planFor('replay', [slice]).hash })).toMatchObject({
      outcome: 'unchanged',
    });
  });

  it('refuses when the world moved, and says what', async () => {
    const { act, refusal, host, log } = await startAgent();
    await act('replay', { target: SLICE });
    host.moved = [`${SLICE} was built since`];
    expect(await refusal('apply', { plan: again.hash })).toMatchObject({
      ...{ code: 'moved', status: 409, message: expect.stringContaining('was built since') },
    });
    expect(log.state.head.seq).toBe(0);
    host.moved = [];
    await act('apply', { plan: again.hash });
    // Applied is applied: what it did is why the world moved.
    host.moved = [`${SLICE} was built since`];
    expect(await act('apply', { plan: again.hash })).toMatchObject({ outcome: 'unchanged' });
  });

  it('refuses what is frozen or pinned by now, whatever the check saw', async () => {
    const { act, refusal } = await startAgent();
    await act('replay', { target: SLICE });
    await act('freeze', { target: 'silver', reason });
    expect(await refusal('apply', { plan: again.hash })).toMatchObject({
      code: 'frozen',
      remedy: expect.stringMatching(/thaw silver/),
    });
    await act('thaw', { target: 'silver' });
    await act('hold', { slice: SLICE, reason });
    expect(await refusal('apply', { plan: again.hash })).toMatchObject({
      code: 'conflict',
      remedy: expect.stringMatching(/release/),
    });
  });

  it('carries a cancelled backfill out again as another one with its own salt', async () => {
    const { act, refusal, log, host } = await startAgent();
    await act('backfill', range);
    const first = await act('apply', { plan: fill.hash });
    await act('cancel-run', { run: first.id });
    const second = await act('apply', { plan: fill.hash });
    expect(second.outcome).toBe('started');
    expect(second.id).not.toBe(first.id);
    expect(log.state.salts.get(SLICE)?.salt).toBe(second.id?.slice('backfill:'.length));
    await act('cancel-run', { run: second.id });
    host.moved = ['a slice was built since'];
    expect(await refusal('apply', { plan: fill.hash })).toMatchObject({ code: 'moved' });
  });

  it('wants enough of the hash', async () => {
    const storage = memoryStorage();
    const { act, refusal } = await startAgent(storage);
    await act('replay', { target: SLICE });
    const near = `${again.hash.slice(0, 10)}${'0'.repeat(54)}`;
    storage.seed(`_lakewarden/control/plans/${near}.json`, '{}');
    expect(await refusal('apply', { plan: again.hash.slice(0, 6) })).toMatchObject({ code: 'conflict' });
    expect(await act('apply', { plan: again.hash.slice(0, 16) })).toMatchObject({ outcome: 'done' });
  });

  it('carries out no plan that somebody changed', async () => {
    const storage = memoryStorage();
    const { act, perform, log } = await startAgent(storage);
    await act('replay', { target: SLICE });
    const path = `_lakewarden/control/plans/${again.hash}.json`;
    const text = Buffer.from(storage.objects.get(path) as Uint8Array).toString();
    storage.seed(path, text.replaceAll(SLICE, 'silver.orders@2011-11-10'));
    await expect(perform('apply', { plan: again.hash })).rejects.toMatchObject({ code: 'corrupt' });
    expect(log.state.head.seq).toBe(0);
  });
});
