export { createDuckDbEngine, type DuckDbEngine, type DuckDbEngineOptions } from './engine/duckdb-engine.ts';
export type {
  AggregateJob,
  AggregateManifest,
  BatchLanded,
  BatchLanding,
  CleanJob,
  CleanManifest,
  DedupJob,
  DedupManifest,
  Engine,
  EventChunk,
  InputFile,
  LandedFile,
  LandingWriter,
  SliceFiles,
  StreamLanding,
} from './engine/engine.ts';
export type { LakeQuery, LakeQueryResult, LakeRelation } from './engine/lake-query.ts';
export { createQueryEngine, type QueryEngine } from './engine/query-engine.ts';
export {
  type AuxiliaryTable,
  auxiliaryTables,
  batchBronzeColumns,
  coordinateColumns,
  duplicatesColumns,
  findDataset,
  quarantineColumns,
  streamBronzeColumns,
} from './pipeline/auxiliary-tables.ts';
export { checkPart } from './pipeline/check-part.ts';
export { type Compilation, compilePipeline, type ReadText } from './pipeline/compile-pipeline.ts';
export type {
  BatchSource,
  BronzeDataset,
  ControlTotal,
  Dataset,
  DedupKey,
  GoldDataset,
  GoldInput,
  HubSource,
  LogRule,
  Objective,
  Pipeline,
  RecordFormat,
  Rule,
  SilverColumn,
  SilverDataset,
  Source,
  TotalCheck,
} from './pipeline/model.ts';
export { pipelineJsonSchema } from './pipeline/pipeline-schema.ts';
export { ProblemLog } from './pipeline/problem-log.ts';
export { SEMANTICS_VERSION } from './pipeline/step-version.ts';
export { readYaml, type YamlDocument } from './pipeline/yaml-document.ts';
export { canonicalJson } from './sql/canonical-json.ts';
export { type Dialect, quoteName, quoteText, sessionSettings, sqlType } from './sql/dialect.ts';
export { type ColumnSql, emitExpression } from './sql/emit-expression.ts';
export { emitQuery, type QueryOptions } from './sql/emit-query.ts';
export { didYouMean, listNames } from './sql/suggest.ts';
export type { Expression, Query, Relation } from './sql/tree.ts';
