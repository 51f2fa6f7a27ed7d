/** How many runs work at once: over all, and of one pipeline with a concurrency. First come, first served. */
export interface RunSlots {
  /** Resolves to the release. Rejects with the signal's reason when it aborts first. */
  acquire(
    group: { readonly name: string; readonly max: number | undefined },
    signal: AbortSignal,
  ): Promise<() => void>;
}

interface Waiting {
  readonly group: { readonly name: string; readonly max: number | undefined };
  readonly admit: () => void;
}

const runsInProgressMax = 40;

export function createRunSlots(totalMax: number = runsInProgressMax): RunSlots {
  const inProgress = new Map<string, number>();
  const waiting: Waiting[] = [];
  let total = 0;

  function admitAll(): void {
    for (let index = 0; index < waiting.length && total < totalMax; ) {
      const next = waiting[index];
      if (next === undefined) return;
      const { name, max } = next.group;
      if (max !== undefined && (inProgress.get(name) ?? 0) >= max) index += 1;
      else {
        waiting.splice(index, 1);
        total += 1;
        inProgress.set(name, (inProgress.get(name) ?? 0) + 1);
        next.admit();
      }
    }
  }

  function release(name: string): void {
    total -= 1;
    const left = (inProgress.get(name) ?? 1) - 1;
    if (left === 0) inProgress.delete(name);
    else inProgress.set(name, left);
    admitAll();
  }

  return {
    acquire: (group, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const entry: Waiting = {
          group,
          admit: () => {
            signal.removeEventListener('abort', giveUp);
            resolve(() => release(group.name));
          },
        };
        const giveUp = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
        };
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.push(entry);
        admitAll();
      }),
  };
}
