import type { AuditCheck } from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { whyNotNext } from './audit-entry.ts';
import { readBatches } from './control-objects.ts';
import { type ControlState, EMPTY_CONTROL } from './control-state.ts';

/**
 * Reads all of the log again and checks it entry by entry: whole, in order, unchanged, chained; and that it still holds
 * what we know of it (`known`), so an end that was cut off or written anew is seen too.
 */
export async function verifyLog(
  storage: LakeStorage,
  known: ControlState['head'],
  signal: AbortSignal,
): Promise<AuditCheck> {
  let head = EMPTY_CONTROL.head;
  const broken = (problem: string): AuditCheck => ({
    ok: false,
    entries: head.seq,
    head: head.hash,
    brokenAt: head.seq + 1,
    problem,
  });
  for await (const reading of readBatches(storage, { after: 0 }, signal)) {
    if (reading.first !== head.seq + 1) {
      return broken(`object ${reading.first} stands where entry ${head.seq + 1} belongs`);
    }
    if ('problem' in reading) return broken(reading.problem);
    for (const stored of reading.batch.entries) {
      const problem = whyNotNext(head, stored);
      if (problem !== undefined) return broken(problem);
      const { seq, hash } = stored.entry;
      if (seq === known.seq && hash !== known.hash) {
        return broken(`entry ${seq} is not the one that this agent knows`);
      }
      head = { seq, hash };
    }
  }
  if (head.seq < known.seq) return broken(`the log ends before entry ${known.seq}, which this agent knows`);
  return { ok: true, entries: head.seq, head: head.hash };
}
