import type { DuckDbEngine } from '@lakewarden/compute';
import type { Guard } from './guard/guard.ts';

/**
 * The embedded engine behind its guard. Nothing is repeated here: a landing hands its buffers over for good, and a run
 * that was too large is split by the core, not tried again as it is. There is no probe: after a pause the next job is one.
 */
export function guardEngine(engine: DuckDbEngine, guard: Guard): DuckDbEngine {
  return {
    name: engine.name,
    clean: (job, signal) =>
      guard.run(`clean ${job.step.name}`, signal, (limited) => engine.clean(job, limited)),
    aggregate: (job, signal) =>
      guard.run(`aggregate ${job.step.name}`, signal, (limited) => engine.aggregate(job, limited)),
    dedup: (job, signal) =>
      guard.run(`dedup ${job.step.name}`, signal, (limited) => engine.dedup(job, limited)),
    writeStream: (job, signal) =>
      guard.run(`write ${job.dataset.name}`, signal, (limited) => engine.writeStream(job, limited)),
    writeBatch: (job, signal) =>
      guard.run(`write ${job.dataset.name}`, signal, (limited) => engine.writeBatch(job, limited)),
    close: () => engine.close(),
  };
}
