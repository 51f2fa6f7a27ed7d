/** Lets at most `limit` works run at a time; the others wait in the order of their call. */
export function createGate(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running === limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place goes to the next one directly, so that nobody can slip in between.
      if (next === undefined) running--;
      else next();
    }
  };
}
