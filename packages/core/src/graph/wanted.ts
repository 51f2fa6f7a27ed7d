import type { GoldDataset, SilverDataset } from '@lakewarden/compute';
import {
  addDigests,
  coarsen,
  type DatasetName,
  type Digest,
  decodeLandedTags,
  EMPTY_DIGEST,
  type LandedTags,
  TerminalError,
} from '@lakewarden/contracts';
import type { AddFile, Snapshot } from '@lakewarden/delta';
import { fingerprintOf, type SliceInput } from './fingerprint.ts';
import { sliceOf } from './recorded.ts';

/** A slice that should exist, and what it should be made from. */
export interface WantedSlice {
  readonly slice: string;
  readonly inputs: readonly SliceInput[];
  readonly fingerprint: string;
  /** False while a slice that it reads is not fresh itself: it waits. */
  readonly ready: boolean;
}

/** A landed file with its tags read. */
export interface LandedFileView {
  readonly file: AddFile;
  readonly slice: string;
  readonly tags: LandedTags;
}

/** Live files of a bronze table. One without our tags means that somebody else wrote into bronze, where only landing may. */
export function landedFiles(bronze: Snapshot | undefined): readonly LandedFileView[] {
  return [...(bronze?.files.values() ?? [])].map((file) => {
    const tags = decodeLandedTags(file.tags);
    if (tags === undefined) {
      throw new TerminalError(
        'corrupt',
        `${bronze?.root}/${file.path} carries no landing tags: bronze is written by landing only. Remove the file from the table, or land it through a source.`,
      );
    }
    return { file, slice: sliceOf(file), tags };
  });
}

/** Per slice of the silver dataset, the digest of the bronze rows that belong to it. */
export function silverInputs(
  step: SilverDataset,
  landed: readonly LandedFileView[],
): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>();
  const add = (key: string, digest: Digest) =>
    digests.set(key, addDigests(digests.get(key) ?? EMPTY_DIGEST, digest));
  for (const { slice, tags } of landed) {
    if (step.refresh === 'snapshot') {
      add(slice, tags.digest);
      continue;
    }
    for (const [key, digest] of Object.entries(tags.touches)) add(coarsen(key, step.grain) ?? key, digest);
  }
  return digests;
}

/** Does this bronze file hold a row of one of these silver slices? */
export function feeds(step: SilverDataset, landed: LandedFileView, slices: ReadonlySet<string>): boolean {
  if (step.refresh === 'snapshot') return slices.has(landed.slice);
  return Object.keys(landed.tags.touches).some((key) => slices.has(coarsen(key, step.grain) ?? key));
}

/** By slice; `''` is no salt. A slice whose salt changes is wanted again although nothing that it reads changed. */
export type SaltOf = (slice: string) => string;

const unsalted: SaltOf = () => '';

/** `existing`: slices the table has already; one that lost all its input is wanted empty, never forgotten. */
export function wantedSilver(
  step: SilverDataset,
  landed: readonly LandedFileView[],
  existing: Iterable<string>,
  saltOf: SaltOf = unsalted,
): readonly WantedSlice[] {
  const digests = silverInputs(step, landed);
  return [...new Set([...digests.keys(), ...existing])].sort().map((slice) => {
    const inputs = [{ dataset: step.from.name, slice, digest: digests.get(slice) ?? EMPTY_DIGEST }];
    const fingerprint = fingerprintOf(step.stepVersion, inputs, saltOf(slice));
    return { slice, inputs, fingerprint, ready: true };
  });
}

/** The slices of an input dataset as a reader may use them. */
export interface InputSlices {
  readonly fresh: ReadonlyMap<string, Digest>;
  /** Wanted or present, but not fresh. */
  readonly notFresh: ReadonlySet<string>;
  /** Those of `fresh` that readers get as empty although they may have files. */
  readonly waived?: ReadonlySet<string>;
}

export function wantedGold(
  step: GoldDataset,
  inputs: ReadonlyMap<DatasetName, InputSlices>,
  existing: Iterable<string>,
  saltOf: SaltOf = unsalted,
): readonly WantedSlice[] {
  const readings = step.inputs.map((input) => readingOf(step, input, inputs.get(input.dataset.name)));
  const slices = new Set<string>(existing);
  for (const { asof, keysOf } of readings) {
    if (asof === 'window') for (const slice of keysOf.keys()) slices.add(slice);
  }
  const latestOnly = readings.every(({ asof }) => asof === 'latest');
  if (latestOnly && readings.some(({ latest }) => latest.length > 0)) slices.add('all');
  return [...slices].sort().map((slice) => wantGoldSlice(step, slice, readings, saltOf(slice)));
}

/** One input of a gold dataset: which of its slices each of ours reads. Made once a look, whatever the number of slices. */
interface Reading {
  readonly dataset: DatasetName;
  readonly asof: 'window' | 'latest';
  readonly available: InputSlices;
  /** By slice of ours. */
  readonly keysOf: ReadonlyMap<string, readonly string[]>;
  /** The newest one, or none. */
  readonly latest: readonly string[];
}

const NOTHING: InputSlices = { fresh: new Map(), notFresh: new Set() };

function readingOf(
  step: GoldDataset,
  { dataset, asof }: GoldDataset['inputs'][number],
  available: InputSlices = NOTHING,
): Reading {
  const keys = [...new Set([...available.fresh.keys(), ...available.notFresh])];
  const latest = keys.reduce<string | undefined>(
    (newest, key) => (newest === undefined || key > newest ? key : newest),
    undefined,
  );
  return {
    dataset: dataset.name,
    asof,
    available,
    keysOf: asof === 'window' ? Map.groupBy(keys, (key) => coarsen(key, step.grain) ?? key) : new Map(),
    latest: latest === undefined ? [] : [latest],
  };
}

function wantGoldSlice(
  step: GoldDataset,
  slice: string,
  readings: readonly Reading[],
  salt: string,
): WantedSlice {
  const inputs: SliceInput[] = [];
  let ready = true;
  for (const { dataset, asof, available, keysOf, latest } of readings) {
    for (const key of asof === 'latest' ? latest : (keysOf.get(slice) ?? [])) {
      const digest = available.fresh.get(key);
      const waived = available.waived?.has(key) === true && { isWaived: true as const };
      if (digest === undefined) ready = false;
      else inputs.push({ dataset, slice: key, digest, ...waived });
    }
    if (asof === 'latest' && latest.length === 0) ready = false;
  }
  return { slice, inputs, fingerprint: fingerprintOf(step.stepVersion, inputs, salt), ready };
}
