import type { BronzeDataset, GoldDataset, SilverDataset } from '@lakewarden/compute';
import type { DatasetName, Digest } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { type InputSlices, type LandedFileView, wantedGold, wantedSilver } from './wanted.ts';

const digest = (rows: number, sum = rows): Digest => ({ rows, sum: BigInt(sum) });

const bronze = { layer: 'bronze', name: 'bronze.orders' } as unknown as BronzeDataset;
const silver = {
  layer: 'silver',
  name: 'silver.orders',
  from: bronze,
  refresh: 'event',
  grain: 'day',
  stepVersion: 'v1',
} as unknown as SilverDataset;

function landed(slice: string, touches: Record<string, Digest>): LandedFileView {
  const file = {
    path: `_slice=${slice}/f.parquet`,
    partitionValues: {},
    size: 1,
    modificationTime: 0,
    dataChange: true,
  };
  return { file, slice, tags: { run: 'r', digest: digest(1), touches } };
}

function gold(grain: GoldDataset['grain'], inputs: readonly [string, 'window' | 'latest'][]): GoldDataset {
  return {
    layer: 'gold',
    name: 'gold.sales',
    grain,
    stepVersion: 'g1',
    inputs: inputs.map(([name, asof]) => ({ dataset: { name } as SilverDataset, asof })),
  } as unknown as GoldDataset;
}

function inputs(entries: Record<string, { fresh?: Record<string, Digest>; notFresh?: string[] }>) {
  return new Map<DatasetName, InputSlices>(
    Object.entries(entries).map(([name, { fresh = {}, notFresh = [] }]) => [
      name as DatasetName,
      { fresh: new Map(Object.entries(fresh)), notFresh: new Set(notFresh) },
    ]),
  );
}

describe('the silver slices that are wanted', () => {
  it('are the event days of all landed files, each from the sum of its digests', () => {
    const files = [
      landed('2026-01-02', { '2026-01-01': digest(2), '2026-01-02': digest(3) }),
      landed('2026-01-03', { '2026-01-02': digest(5) }),
    ];
    const wanted = wantedSilver(silver, files, []);
    expect(wanted.map(({ slice, inputs }) => [slice, inputs[0]?.digest.rows])).toEqual([
      ['2026-01-01', 2],
      ['2026-01-02', 8],
    ]);
  });

  it('have the same fingerprint however their rows are spread over files', () => {
    const one = wantedSilver(silver, [landed('2026-01-02', { '2026-01-01': digest(5, 9) })], []);
    const two = wantedSilver(
      silver,
      [
        landed('2026-01-02', { '2026-01-01': digest(2, 4) }),
        landed('2026-01-05', { '2026-01-01': digest(3, 5) }),
      ],
      [],
    );
    expect(two[0]?.fingerprint).toBe(one[0]?.fingerprint);
  });

  it('get another fingerprint from another step version', () => {
    const files = [landed('2026-01-02', { '2026-01-01': digest(5) })];
    const [before] = wantedSilver(silver, files, []);
    const [after] = wantedSilver({ ...silver, stepVersion: 'v2' }, files, []);
    expect(after?.fingerprint).not.toBe(before?.fingerprint);
  });

  it('fold hours into days when the dataset is coarser than the touches', () => {
    const files = [landed('2026-01-02', { '2026-01-01T07': digest(1), '2026-01-01T08': digest(2) })];
    expect(
      wantedSilver(silver, files, []).map(({ slice, inputs }) => [slice, inputs[0]?.digest.rows]),
    ).toEqual([['2026-01-01', 3]]);
  });

  it('include a slice that lost all its input, so that it becomes empty', () => {
    const [wanted] = wantedSilver(silver, [], ['2026-01-01']);
    expect(wanted).toMatchObject({ slice: '2026-01-01', inputs: [{ digest: { rows: 0 } }], ready: true });
  });
});

describe('the gold slices that are wanted', () => {
  it('cover the input slices, each reading only its own', () => {
    const step = gold('month', [['silver.orders', 'window']]);
    const fresh = { '2026-01-30': digest(1), '2026-01-31': digest(2), '2026-02-01': digest(3) };
    const wanted = wantedGold(step, inputs({ 'silver.orders': { fresh } }), []);
    expect(wanted.map(({ slice, inputs }) => [slice, inputs.map((input) => input.slice)])).toEqual([
      ['2026-01', ['2026-01-30', '2026-01-31']],
      ['2026-02', ['2026-02-01']],
    ]);
  });

  it('wait while one of the slices they read is not fresh', () => {
    const step = gold('month', [['silver.orders', 'window']]);
    const wanted = wantedGold(
      step,
      inputs({
        'silver.orders': { fresh: { '2026-01-30': digest(1) }, notFresh: ['2026-01-31', '2026-02-01'] },
      }),
      [],
    );
    expect(wanted.map(({ slice, ready }) => [slice, ready])).toEqual([
      ['2026-01', false],
      ['2026-02', false],
    ]);
  });

  it('read a snapshot by its latest window only', () => {
    const step = gold('all', [
      ['silver.stores', 'latest'],
      ['silver.zipcodes', 'latest'],
    ]);
    const wanted = wantedGold(
      step,
      inputs({
        'silver.stores': { fresh: { '2026-01-30': digest(1), '2026-01-31': digest(2) } },
        'silver.zipcodes': { fresh: { '2026-01-31': digest(7) } },
      }),
      [],
    );
    expect(wanted).toHaveLength(1);
    expect(wanted[0]?.inputs.map(({ dataset, slice }) => `${dataset}@${slice}`)).toEqual([
      'silver.stores@2026-01-31',
      'silver.zipcodes@2026-01-31',
    ]);
  });

  it('are none while nothing has arrived', () => {
    const step = gold('all', [['silver.stores', 'latest']]);
    expect(wantedGold(step, inputs({ 'silver.stores': {} }), [])).toEqual([]);
  });
});
