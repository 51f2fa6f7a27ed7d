/** How far one stage of long work is. Times are milliseconds of a clock that never goes back. */
export interface Stage {
  readonly name: string;
  /** `done` when it was first heard of: what was there before us is no work of ours. */
  readonly from: number;
  readonly startedMs: number;
  readonly done: number;
  readonly total: number | undefined;
  readonly endedMs: number | undefined;
}

export interface StageUpdate {
  readonly name: string;
  readonly done: number;
  /** Undefined: not known, or as before. */
  readonly total: number | undefined;
}

/** The stage after an update. Fewer `done` than before begin it anew. */
export function advanceStage(before: Stage | undefined, update: StageUpdate, nowMs: number): Stage {
  const { name, done } = update;
  const again = before === undefined || done < before.done;
  const total = update.total ?? (again ? undefined : before.total);
  const whole = total !== undefined && done >= total;
  if (again) return { name, from: done, startedMs: nowMs, done, total, endedMs: whole ? nowMs : undefined };
  return { ...before, done, total, endedMs: whole ? (before.endedMs ?? nowMs) : undefined };
}

/** One line: name, count, rate and time left, or how long it took. */
export function describeStage(stage: Stage, nowMs: number): string {
  const { name, from, done, total, endedMs, startedMs } = stage;
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  const seconds = ((endedMs ?? nowMs) - startedMs) / 1_000;
  const rate = seconds > 0 ? (done - from) / seconds : 0;
  const parts = [total === undefined ? count(done) : `${count(done)} of ${count(total)}`];
  if (seconds > 0.5 && rate > 0) parts.push(`${count(rate)}/s`);
  if (endedMs !== undefined) parts.push(`${seconds.toFixed(1)} s`);
  else if (total !== undefined && rate > 0) parts.push(`${Math.ceil((total - done) / rate)} s left`);
  return `${name.padEnd(26)} ${parts.join(' · ')}`;
}
