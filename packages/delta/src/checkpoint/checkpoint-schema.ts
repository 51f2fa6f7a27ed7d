import type { SchemaElement } from 'hyparquet';

/**
 * The Parquet layout of a V1 checkpoint, field for field as Spark writes it (PROTOCOL.md, Checkpoint Schema): one optional
 * struct an action, everything inside optional, maps and lists in the three-level form, `key` alone required.
 */
type Field = (name: string) => SchemaElement[];

const text: Field = (name) => [
  {
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'OPTIONAL',
  },
];
const long: Field = (name) => [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }];
const int: Field = (name) => [{ name, type: 'INT32', repetition_type: 'OPTIONAL' }];
const flag: Field = (name) => [{ name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' }];

const textMap: Field = (name) => [
  {
    name,
    num_children: 1,
    converted_type: 'MAP',
    logical_type: { type: 'MAP' },
    repetition_type: 'OPTIONAL',
  },
  { name: 'key_value', num_children: 2, repetition_type: 'REPEATED' },
  ...text('key').map((element): SchemaElement => ({ ...element, repetition_type: 'REQUIRED' })),
  ...text('value'),
];

const textList: Field = (name) => [
  {
    name,
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
    repetition_type: 'OPTIONAL',
  },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  ...text('element'),
];

function struct(name: string, fields: Readonly<Record<string, Field>>): SchemaElement[] {
  const children = Object.entries(fields).map(([field, make]) => make(field));
  return [{ name, num_children: children.length, repetition_type: 'OPTIONAL' }, ...children.flat()];
}

const format: Field = (name) => struct(name, { provider: text, options: textMap });

/** Columns of the file, in this order. */
export const CHECKPOINT_COLUMNS = ['txn', 'add', 'remove', 'metaData', 'protocol'] as const;
export type CheckpointColumn = (typeof CHECKPOINT_COLUMNS)[number];

const STRUCTS: Readonly<Record<CheckpointColumn, Readonly<Record<string, Field>>>> = {
  txn: { appId: text, version: long, lastUpdated: long },
  add: {
    path: text,
    partitionValues: textMap,
    size: long,
    modificationTime: long,
    dataChange: flag,
    tags: textMap,
    stats: text,
  },
  remove: {
    path: text,
    deletionTimestamp: long,
    dataChange: flag,
    extendedFileMetadata: flag,
    partitionValues: textMap,
    size: long,
  },
  metaData: {
    id: text,
    name: text,
    description: text,
    format,
    schemaString: text,
    partitionColumns: textList,
    configuration: textMap,
    createdTime: long,
  },
  protocol: { minReaderVersion: int, minWriterVersion: int },
};

export const CHECKPOINT_SCHEMA: SchemaElement[] = [
  { name: 'spark_schema', num_children: CHECKPOINT_COLUMNS.length },
  ...CHECKPOINT_COLUMNS.flatMap((column) => struct(column, STRUCTS[column])),
];
