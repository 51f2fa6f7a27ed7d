import type { Column, ColumnType, DatasetName, Grain, Severity } from '@lakewarden/contracts';
import type { Expression, Query } from '../sql/tree.ts';

/**
 * A pipeline file after every check: names are resolved, expressions are typed trees, each step has a version.
 * Nothing in here can be wrong any more; `compilePipeline` returns problems instead.
 */
export interface Pipeline {
  readonly name: string;
  /** In dependency order: bronze, then silver, then gold with inputs before readers. */
  readonly datasets: readonly Dataset[];
  readonly sources: readonly Source[];
  /** By dataset or `source:<name>`. What is watched, never what is built: no step version knows them. */
  readonly objectives: ReadonlyMap<string, Objective>;
  readonly logRules: readonly LogRule[];
}

/** What is absent is not watched, or watched by the detector's default. */
export interface Objective {
  /** How old what a dataset (or the bronze of a source) shows may be. */
  readonly freshnessMs?: number;
  /** Of a hub, partition by partition. */
  readonly lagEvents?: number;
  readonly lagMs?: number;
  /** Of a silver dataset, 0 to 1. */
  readonly quarantineRate?: number;
  /** Of a batch source: how long the run of one window may take. */
  readonly runTimeMs?: number;
}

/** A question to Log Analytics. It fires when its value is above `above`: one row with one number, or the number of rows. */
export interface LogRule {
  readonly name: string;
  /** Absent: the agent's workspace. */
  readonly workspace?: string;
  readonly query: string;
  readonly everyMs: number;
  readonly windowMs: number;
  readonly above: number;
  /** Sources and datasets of the pipeline. */
  readonly targets: readonly string[];
  readonly severity: Severity;
  readonly title: string;
}

export type Dataset = BronzeDataset | SilverDataset | GoldDataset;
export type Source = HubSource | BatchSource;

export interface HubSource {
  readonly kind: 'event-hub';
  readonly name: string;
  /** Namespace without domain, such as `retail-events`. */
  readonly namespace: string;
  readonly hub: string;
  /** Top-level field of the JSON body that holds the event time (ISO 8601 or `YYYY-MM-DD[ hh:mm:ss]`, UTC). Absent: enqueued time. */
  readonly eventTimeField?: string;
}

export interface BatchSource {
  readonly kind: 'data-factory';
  readonly name: string;
  readonly factory: string;
  /** Data Factory pipeline that copies one window. Gets the parameters `window` and `output` (folder in the lake). */
  readonly pipeline: string;
  readonly everyMs: number;
  readonly format: RecordFormat;
  /** Zero rows are a failure unless this is true. */
  readonly allowEmpty: boolean;
}

/** How records stand in the files that a batch brings. Each becomes one JSON object in `body`. */
export type RecordFormat =
  | { readonly kind: 'json-array' }
  | { readonly kind: 'json-lines' }
  | {
      readonly kind: 'csv';
      readonly delimiter: string;
      /** Names of the columns when the file has no header line. */
      readonly columns?: readonly string[];
    };

export interface BronzeDataset {
  readonly layer: 'bronze';
  readonly name: DatasetName;
  readonly source: Source;
  readonly columns: readonly Column[];
  /** Finest grain of the silver datasets that read it: the grain of the `touches` of its files. */
  readonly touchGrain: 'hour' | 'day';
}

export interface SilverColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Field of the body (a `.`-separated path of names), or an expression over the columns before it. */
  readonly source:
    | { readonly kind: 'field'; readonly path: readonly string[] }
    | { readonly kind: 'expression'; readonly expression: Expression };
  readonly required: boolean;
  readonly trim: boolean;
}

export interface Rule {
  readonly name: string;
  /** Boolean over the silver columns; a row passes when it is true. Null does not pass. */
  readonly check: Expression;
}

/** Which of the rows with one key stays: first by `order`, then by the row's own content, then by coordinates. */
export interface DedupKey {
  readonly columns: readonly string[];
  readonly order: readonly { readonly column: string; readonly descending: boolean }[];
}

/** An exact decimal that must be equal before and after a step (I13). */
export interface ControlTotal {
  readonly name: string;
  readonly expression: Expression;
}

export interface SilverDataset {
  readonly layer: 'silver';
  readonly name: DatasetName;
  readonly from: BronzeDataset;
  /** `event`: sliced by event time. `snapshot`: one slice a batch window; readers take the latest. */
  readonly refresh: 'event' | 'snapshot';
  readonly grain: 'hour' | 'day';
  readonly fields: readonly SilverColumn[];
  readonly columns: readonly Column[];
  readonly rules: readonly Rule[];
  readonly key: DedupKey | undefined;
  readonly totals: readonly ControlTotal[];
  /** Hash of everything that decides its rows. */
  readonly stepVersion: string;
}

export interface GoldInput {
  readonly dataset: SilverDataset | GoldDataset;
  /** `window`: the slices that cover ours. `latest`: the newest slice. */
  readonly asof: 'window' | 'latest';
}

/** `sum(input expression over the rows of dataset) = sum(output expression over our rows)`. */
export interface TotalCheck {
  readonly name: string;
  readonly dataset: DatasetName;
  readonly input: Expression;
  readonly output: Expression;
}

export interface GoldDataset {
  readonly layer: 'gold';
  readonly name: DatasetName;
  readonly grain: Grain;
  readonly query: Query;
  readonly inputs: readonly GoldInput[];
  readonly columns: readonly Column[];
  readonly key: DedupKey;
  readonly totals: readonly TotalCheck[];
  readonly stepVersion: string;
}
