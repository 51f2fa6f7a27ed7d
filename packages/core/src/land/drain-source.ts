import { TerminalError } from '@lakewarden/contracts';
import { reasonOf } from '../facts.ts';
import { parkedBy } from '../lake/parked.ts';
import type { Clock } from '../ports.ts';
import { type DrainDeps, type DrainRequest, drainHub, hubName } from './drain.ts';

/** I8: attempts of one drain, over transient failures and lost races together. */
const ATTEMPTS_MAX = 4;
const RETRY_FIRST_MS = 250;

export type DrainResult =
  | { readonly kind: 'drained'; readonly events: number }
  /** Another reader owns some partitions; what could be landed is landed. */
  | { readonly kind: 'lost'; readonly partitions: readonly number[] }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'parked'; readonly dependency: string };

/** One hub to the last event that it has now, with bounded retries. Throws only when the signal aborts. */
export async function drainSource(
  deps: DrainDeps & { readonly clock: Clock },
  request: DrainRequest,
  signal: AbortSignal,
): Promise<DrainResult> {
  const hub = hubName(request.source);
  let reason = 'somebody else keeps draining this hub';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    try {
      const outcome = await drainHub(deps, request, signal);
      if (outcome.kind === 'drained') return outcome;
      if (outcome.kind === 'lost') {
        const taken = `another reader took partitions ${outcome.partitions.join(', ')}`;
        deps.emit({ type: 'HubFailed', hub, reason: taken });
        return outcome;
      }
    } catch (error) {
      signal.throwIfAborted();
      const dependency = parkedBy(error);
      if (dependency !== undefined) {
        deps.emit({ type: 'LandingParked', source: request.source.name, dependency });
        return { kind: 'parked', dependency };
      }
      reason = reasonOf(error);
      if (error instanceof TerminalError) break;
      if (attempt < ATTEMPTS_MAX) await deps.clock.sleep(RETRY_FIRST_MS * 2 ** attempt, signal);
    }
  }
  deps.emit({ type: 'HubFailed', hub, reason });
  return { kind: 'failed', reason };
}
