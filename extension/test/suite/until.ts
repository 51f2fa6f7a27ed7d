const LOOK_MS = 50;
const WAIT_MS_MAX = 30_000;

/** Looks again and again until there is an answer that is neither undefined nor false. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  waitMsMax = WAIT_MS_MAX,
): Promise<T> {
  const deadlineMs = performance.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadlineMs) throw new Error(`waited ${waitMsMax} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
