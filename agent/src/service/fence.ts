import type { Pipeline } from '@lakewarden/compute';
import { type DatasetName, TransientError } from '@lakewarden/contracts';
import { type Random, rootOf, type Tables } from '@lakewarden/core';

/** Times a fence is tried against commits that land meanwhile; each loses a race only to one that was faster. */
const ATTEMPTS_MAX = 20;

export interface FenceDeps {
  readonly pipeline: Pipeline;
  readonly tables: Tables;
  readonly random: Random;
}

/**
 * Commits the epoch as the fence of a dataset's promotion, in the table that its runs write last: what was begun under an
 * older epoch is refused at its commit (I4). A dataset that was never built gets its table, empty: else an older agent that
 * does not know of the stop could still make it.
 */
export async function fenceDatasets(
  { pipeline, tables, random }: FenceDeps,
  datasets: readonly DatasetName[],
  epoch: bigint,
  signal: AbortSignal,
): Promise<void> {
  for (const dataset of datasets) {
    const step = pipeline.datasets.find(({ name }) => name === dataset);
    if (step === undefined || step.layer === 'bronze') continue;
    const scope = `dataset/${dataset}`;
    for (let attempt = 1; ; attempt++) {
      const base = await tables.refresh(rootOf(dataset), signal);
      const outcome = await tables.commit(
        {
          root: rootOf(dataset),
          table: { name: dataset, columns: step.columns },
          base,
          change: { kind: 'append', files: [] },
          txns: [],
          fences: [{ scope, epoch }],
          operation: 'FENCE',
          commitId: random.uuid(),
          run: random.uuid(),
        },
        signal,
      );
      // A higher epoch fences as well as ours.
      if (outcome.kind !== 'conflict') break;
      if (attempt === ATTEMPTS_MAX) {
        throw new TransientError('unavailable', `${dataset}: its fence lost ${attempt} races; ask again`);
      }
    }
  }
}
