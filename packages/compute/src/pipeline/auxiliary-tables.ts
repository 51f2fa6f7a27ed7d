import type { Column, DatasetName } from '@lakewarden/contracts';
import type { BronzeDataset, Dataset, Pipeline, SilverDataset } from './model.ts';

/**
 * A row's *coordinates* say where in bronze it came from: (generation, partition, sequence) for a hub,
 * (source_file, row) for a batch. They are never in silver, but quarantine and duplicates are keyed by them.
 */
const STREAM_COORDINATES: readonly Column[] = [
  { name: 'generation', type: 'string' },
  { name: 'partition', type: 'integer' },
  { name: 'sequence', type: 'long' },
];
const BATCH_COORDINATES: readonly Column[] = [
  { name: 'source_file', type: 'string' },
  { name: 'row', type: 'long' },
];

export const streamBronzeColumns: readonly Column[] = [
  ...STREAM_COORDINATES,
  { name: 'offset', type: 'string' },
  { name: 'enqueued_at', type: 'timestamp' },
  { name: 'event_time', type: 'timestamp' },
  { name: 'event_time_fallback', type: 'boolean' },
  { name: 'body', type: 'binary' },
];

/** `event_time` is the start of the window. */
export const batchBronzeColumns: readonly Column[] = [
  ...BATCH_COORDINATES,
  { name: 'event_time', type: 'timestamp' },
  { name: 'body', type: 'binary' },
];

export function coordinateColumns(bronze: BronzeDataset): readonly Column[] {
  return bronze.source.kind === 'event-hub' ? STREAM_COORDINATES : BATCH_COORDINATES;
}

/** What did not pass, with the reason and the `stepVersion` that said so. */
export function quarantineColumns(silver: SilverDataset): readonly Column[] {
  return [
    ...coordinateColumns(silver.from),
    { name: 'reason', type: 'string' },
    { name: 'rule_version', type: 'string' },
    { name: 'event_time', type: 'timestamp' },
    { name: 'body', type: 'binary' },
  ];
}

/** Losing duplicates: of silver as coordinates of loser and winner, of gold (which has none) as key and row, both JSON text. */
export function duplicatesColumns(dataset: Exclude<Dataset, BronzeDataset>): readonly Column[] {
  if (dataset.layer === 'gold') {
    return [
      { name: 'key', type: 'string' },
      { name: 'rule', type: 'string' },
      { name: 'row', type: 'string' },
    ];
  }
  const coordinates = coordinateColumns(dataset.from);
  return [
    ...coordinates,
    ...coordinates.map((column) => ({ name: `winner_${column.name}`, type: column.type })),
    { name: 'rule', type: 'string' },
  ];
}

export interface AuxiliaryTable {
  readonly name: DatasetName;
  readonly columns: readonly Column[];
}

/** The tables that a run of this dataset commits before the dataset's own (DESIGN §3, Commit), in that order. */
export function auxiliaryTables(dataset: Dataset): readonly AuxiliaryTable[] {
  if (dataset.layer === 'bronze') return [];
  const name = dataset.name.slice(dataset.name.indexOf('.') + 1);
  const duplicates: AuxiliaryTable = { name: `duplicates.${name}`, columns: duplicatesColumns(dataset) };
  return dataset.layer === 'gold'
    ? [duplicates]
    : [{ name: `quarantine.${name}`, columns: quarantineColumns(dataset) }, duplicates];
}

export function findDataset(pipeline: Pipeline, name: string): Dataset | undefined {
  return pipeline.datasets.find((dataset) => dataset.name === name);
}
