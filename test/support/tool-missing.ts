/** A tool of the tests is not here and could not be installed. In CI that is a failure, elsewhere a reason to skip. */
export class ToolMissing extends Error {
  override readonly name = 'ToolMissing';
}

/** What `install` gives; undefined, after one line that says why, where it cannot be had and nobody insists. */
export async function orSkip<T>(tests: string, install: () => Promise<T>): Promise<T | undefined> {
  try {
    return await install();
  } catch (error) {
    if (!(error instanceof ToolMissing) || process.env.CI) throw error;
    console.warn(`skipped: ${tests} cannot run · ${error.message}`);
    return undefined;
  }
}
