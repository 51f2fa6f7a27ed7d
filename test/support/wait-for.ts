const LOOK_MS = 50;

/** Looks again and again until there is an answer; `what` tells what was missed when the bound is over. */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  waitMsMax: number,
): Promise<T> {
  const deadlineMs = performance.now() + waitMsMax;
  while (performance.now() < deadlineMs) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`waited ${waitMsMax} ms for ${what}`);
}
