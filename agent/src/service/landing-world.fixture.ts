import { type ControlState, EMPTY_CONTROL } from '@lakewarden/core';
import type { ManualClock } from '@lakewarden/core/testing';
import { Board } from './board.ts';

const PIPELINE = { name: 'p', datasets: [], sources: [], objectives: new Map(), logRules: [] };

/** A board of an empty pipeline, where nothing fails and nothing is built. */
export function quietBoard(now: () => number, control: () => ControlState = () => EMPTY_CONTROL): Board {
  return new Board(PIPELINE, 1_000, {
    now,
    control,
    breakers: () => [],
    failures: () => [],
    building: () => new Map(),
  });
}

type Ticking = Pick<ManualClock, 'now' | 'sleep'>;

/** Runs a loop until it has rested so often. */
export async function runForRests(
  clock: ManualClock,
  count: number,
  run: (ticking: Ticking, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  let rests = 0;
  const counting: Ticking = {
    now: clock.now,
    sleep: async (ms, signal) => {
      if (++rests >= count) stop.abort();
      await clock.sleep(ms, signal).catch(() => undefined);
    },
  };
  await run(counting, stop.signal);
}
