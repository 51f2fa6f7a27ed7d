import type { ActionName } from '@lakewarden/contracts';
import type { ActionDefinition } from './action.ts';
import { acknowledge, approve, reject, runRunbook } from './people.ts';
import { hold, release, waive } from './pins.ts';
import { apply, backfill, replay } from './plans.ts';
import { freeze, pause, resume, thaw } from './stops.ts';
import { rerunAdf } from './windows.ts';
import { cancelRun, resetBreaker, retry } from './work.ts';

/** Total: an action of the catalogue that nobody performs does not compile. */
export const DEFINITIONS: { readonly [Name in ActionName]: ActionDefinition<Name> } = {
  pause,
  resume,
  retry,
  replay,
  backfill,
  apply,
  waive,
  hold,
  release,
  freeze,
  thaw,
  'reset-breaker': resetBreaker,
  'rerun-adf': rerunAdf,
  'cancel-run': cancelRun,
  acknowledge,
  approve,
  reject,
  'run-runbook': runRunbook,
};
