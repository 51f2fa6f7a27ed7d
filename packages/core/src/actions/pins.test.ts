import { describe, expect, it } from 'vitest';
import { NOW_MS, SLICE, startAgent } from './action-world.fixture.ts';

const reason = 'the vendor is late';

describe('hold, waive and release', () => {
  it('keep as it is only what was ever built', async () => {
    const { refusal, act } = await startAgent();
    const unbuilt = { slice: 'silver.orders@2011-11-12', reason };
    expect(await refusal('hold', unbuilt)).toMatchObject({
      code: 'not-found',
      remedy: expect.stringMatching(/waive .* --as empty/),
    });
    expect(await refusal('waive', unbuilt)).toMatchObject({ code: 'not-found' });
    expect(await act('waive', { ...unbuilt, as: 'empty' })).toMatchObject({ outcome: 'done' });
    expect(await act('waive', { slice: 'silver.orders@2011-12-24', as: 'empty', reason })).toMatchObject({
      outcome: 'done',
    });
  });

  it.each([
    [{ slice: 'bronze.orders@2011-11-11' }, 'invalid', /landed, not built/],
    [{ slice: 'silver.orders@2011-11' }, 'invalid', /each day/],
    [{ slice: 'gold.sales@2011-11-11' }, 'invalid', /gold.sales@2011-11/],
    [{ slice: 'silver.orders@2011-02-30' }, 'invalid', /none/],
    [{ slice: 'silver.ordres@2011-11-11' }, 'not-found', /silver.orders/],
    [{ slice: SLICE, until: new Date(NOW_MS).toISOString() }, 'expired', /is past/],
  ])('refuse %j', async (input, code, words) => {
    const { refusal, log } = await startAgent();
    const found = await refusal('hold', { ...input, reason });
    expect(found.code).toBe(code);
    expect(`${found.message} ${found.remedy}`).toMatch(words);
    expect(log.state.head.seq).toBe(0);
  });

  it('say nothing of slices that nobody has looked at yet', async () => {
    const { refusal, host } = await startAgent();
    host.hasViews = false;
    expect(await refusal('hold', { slice: SLICE, reason })).toMatchObject({
      code: 'unavailable',
      status: 503,
    });
  });

  it('replace a pin by another one, and fence again when it is so already', async () => {
    const { act, log, host } = await startAgent();
    await act('hold', { slice: SLICE, reason });
    expect(await act('hold', { slice: SLICE, reason })).toMatchObject({ outcome: 'unchanged' });
    await act('waive', { slice: SLICE, as: 'empty', reason });
    expect(log.state.pins.get(SLICE)).toMatchObject({ by: 'waive', as: 'empty', actor: 'ann' });
    expect(host.calls.filter((call) => call.startsWith('fence'))).toHaveLength(3);
    expect((await act('release', { slice: SLICE })).message).toBe(
      `${SLICE} is released: it was waived by ann`,
    );
    expect(await act('release', { slice: SLICE })).toMatchObject({ outcome: 'unchanged' });
  });
});
