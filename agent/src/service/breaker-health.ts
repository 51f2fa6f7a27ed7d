import type { BreakerHealth } from '@lakewarden/contracts';
import type { BreakerStatus } from '../adapters/guard/dependency.ts';
import { iso } from '../queries/shape.ts';

export function breakerHealth(status: BreakerStatus): BreakerHealth {
  const { attempts: _, sinceMs, nextProbeMs, lastError, ...rest } = status;
  return {
    ...rest,
    since: iso(sinceMs),
    ...(lastError !== undefined && { lastError }),
    ...(nextProbeMs !== undefined && { nextProbeAt: iso(nextProbeMs) }),
  };
}
