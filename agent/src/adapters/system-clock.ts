import { setTimeout as delay } from 'node:timers/promises';
import { TransientError } from '@lakewarden/contracts';
import type { Clock } from '@lakewarden/core';

/** The machine's clock. `sleep` throws `TransientError('cancelled')` when the signal fires. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch (cause) {
      throw new TransientError('cancelled', 'a wait was cancelled', { cause });
    }
  },
};
