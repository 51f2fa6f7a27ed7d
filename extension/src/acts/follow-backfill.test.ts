import { aBackfill } from '@lakewarden/client/testing';
import type { BackfillHealth } from '@lakewarden/contracts';
import { expect, it } from 'vitest';
import { LakeModel } from '../models/lake-model.ts';
import { ManualClock, memoryLog } from '../models/testing.ts';
import { followBackfill } from './follow-backfill.ts';

function lakeAndClock() {
  const clock = new ManualClock();
  const lake = new LakeModel(clock, memoryLog());
  const tell = (backfill: BackfillHealth) => {
    lake.apply({ type: 'backfill', backfill });
    clock.advance(1_000);
  };
  return { lake, tell };
}

it('is told from its first word to its end, through a pause', async () => {
  const { lake, tell } = lakeAndClock();
  const seen: string[] = [];
  const ended = followBackfill(
    'backfill:1a2b3c4d',
    lake,
    ({ state, built }) => seen.push(`${state} ${built}`),
    new AbortController().signal,
  );
  tell(aBackfill({ id: 'ffff0000', built: 1 }));
  tell(aBackfill({ built: 18 }));
  tell(aBackfill({ built: 19, state: 'paused' }));
  tell(aBackfill({ built: 29, state: 'done' }));
  expect((await ended)?.state).toBe('done');
  tell(aBackfill({ built: 29, state: 'failed' }));
  expect(seen).toEqual(['running 18', 'paused 19', 'done 29']);
});

it('ends without a word when nobody wants it any more', async () => {
  const { lake, tell } = lakeAndClock();
  const over = new AbortController();
  const ended = followBackfill('1a2b3c4d', lake, () => undefined, over.signal);
  over.abort();
  expect(await ended).toBeUndefined();
  tell(aBackfill({ state: 'done' }));
});
