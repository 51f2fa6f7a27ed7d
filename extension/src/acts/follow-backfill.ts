import type { BackfillHealth } from '@lakewarden/contracts';
import type { LakeModel } from '../models/lake-model.ts';
import { backfillTarget } from '../tree/run-nodes.ts';

/** Tells a backfill each time it moves; ends with it as it ended, or with undefined when the signal aborts. */
export function followBackfill(
  id: string,
  lake: Pick<LakeModel, 'backfills' | 'onChange'>,
  tell: (backfill: BackfillHealth) => void,
  signal: AbortSignal,
): Promise<BackfillHealth | undefined> {
  return new Promise((settle) => {
    const end = (backfill: BackfillHealth | undefined) => {
      stop.dispose();
      signal.removeEventListener('abort', leave);
      settle(backfill);
    };
    const leave = () => end(undefined);
    const look = () => {
      const backfill = lake.backfills.find((each) => backfillTarget(each.id) === backfillTarget(id));
      if (backfill === undefined) return;
      tell(backfill);
      if (backfill.state !== 'running' && backfill.state !== 'paused') end(backfill);
    };
    const stop = lake.onChange(({ topics }) => {
      if (topics.has('backfills')) look();
    });
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) return leave();
    look();
  });
}
