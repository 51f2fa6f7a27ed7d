import { TransientError } from '@lakewarden/contracts';

/** @throws TransientError `cancelled` */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TransientError('cancelled', 'cancelled', { cause: signal.reason });
}
