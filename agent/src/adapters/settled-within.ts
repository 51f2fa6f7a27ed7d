/**
 * True when the promise settles within `ms`, false when it is left behind. For closing things whose `close` may never
 * settle or may fail (facts.md, Azure 8.5): neither matters any more.
 */
export async function settledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
