import {
  counts,
  flag,
  list,
  name,
  number,
  type Of,
  object,
  oneOf,
  oneOfType,
  optional,
  read,
  type Shape,
  text,
  whole,
} from './shape.ts';
import { NODE_KINDS, STATES_WORST_FIRST } from './states.ts';

/**
 * What host and pages say to each other: one union a direction and page, checked on arrival at both ends with `readMessage`.
 *
 * A question carries `request`, a number that the page counts up; its answer carries it too. A page asks one thing at a
 * time: it sends `cancel` for a question that a newer one has overtaken, the host aborts it, and an answer to it is dropped
 * (`latest.ts`). Tokens never come here.
 */
const NODES_MAX = 10_000;
const EDGES_MAX = 100_000;
const SLICES_MAX = 20_000;
const RUNS_MAX = 2_000;
const DATASETS_MAX = 10_000;

const state = oneOf(STATES_WORST_FIRST);
const accounting = object({ in: whole, out: whole, quarantined: whole, duplicates: whole });
const stop = object({ reason: text, by: optional(text), until: optional(text) });

/** As in `@lakewarden/contracts`; a test holds them equal. */
export const lineageShape = object({
  level: oneOf(['table', 'slice']),
  focus: optional(name),
  nodes: list(
    object({
      id: name,
      kind: oneOf(NODE_KINDS),
      label: text,
      state,
      why: text,
      rows: optional(whole),
      behindMs: optional(whole),
    }),
    NODES_MAX,
  ),
  edges: list(object({ from: name, to: name, accounting: optional(accounting) }), EDGES_MAX),
  truncated: flag,
});
export type LineageAnswer = Of<typeof lineageShape>;

const nodeChange = object({
  id: name,
  state,
  why: text,
  rows: optional(whole),
  behindMs: optional(whole),
});
export type NodeChange = Of<typeof nodeChange>;

/** What happened, where, what to do: as everywhere. */
const problem = object({ what: text, remedy: text });
export type PageProblem = Of<typeof problem>;

const connection = {
  state: oneOf(['connected', 'connecting', 'away']),
  /** Empty when connected; else what is wrong and what to do, in one line. */
  message: text,
};

const dataset = object({
  name,
  layer: oneOf(['bronze', 'silver', 'gold']),
  state,
  why: text,
  slices: whole,
  counts: counts(STATES_WORST_FIRST),
  rows: whole,
  accounting: optional(accounting),
  quarantined: whole,
  version: optional(whole),
  updatedAt: optional(text),
  behindMs: optional(whole),
  freshnessMs: optional(whole),
  frozen: optional(stop),
  paused: optional(stop),
});

const slice = object({
  key: name,
  state,
  why: text,
  rows: whole,
  accounting: optional(accounting),
  updatedAt: optional(text),
});
const run = object({
  id: name,
  state: oneOf(['running', 'committed', 'conflict', 'failed', 'cancelled', 'parked']),
  startedAt: text,
  endedAt: optional(text),
  durationMs: optional(number),
  rows: optional(whole),
  sliceCount: whole,
});
const reason = object({ reason: text, rows: whole, firstSlice: text, lastSlice: text });

/** One dataset over time. Parts of the agent's answers to `dataset`, `slices`, `runs` and `quarantine`, as they came. */
export const datasetReportShape = object({
  dataset,
  /** Any order; the newest ones when there are more than the page takes. */
  slices: list(slice, SLICES_MAX),
  runs: list(run, RUNS_MAX),
  reasons: list(reason, 1_000),
  /** Milliseconds since 1970, from the host's clock, so that the page has none of its own. */
  now: number,
  /** True when older slices or runs were left out. */
  truncated: flag,
});
export type DatasetReport = Of<typeof datasetReportShape>;
export type ReportedSlice = DatasetReport['slices'][number];
export type ReportedRun = DatasetReport['runs'][number];

const request = whole;

export const toLineagePage = oneOfType({
  /** Show this, as if a person had gone there: `Open Lineage` on a dataset or slice. */
  show: { level: oneOf(['table', 'slice']), focus: optional(name) },
  lineage: { request, lineage: lineageShape },
  refused: { request, problem },
  /** Nodes as they are now; those that are not on the page are passed over. */
  changed: { nodes: list(nodeChange, NODES_MAX) },
  connection,
});
export type ToLineagePage = Of<typeof toLineagePage>;

export const OPENABLE = ['dataset', 'health', 'quarantine'] as const;

export const fromLineagePage = oneOfType({
  /** The page listens; the host answers with `connection`, and `show` if there is something to show. */
  ready: {},
  query: { request, level: oneOf(['table', 'slice']), focus: optional(name), depth: whole },
  cancel: { request },
  /** Show this node elsewhere: in the tree, as a health page, as a table of quarantined rows. */
  open: { id: name, what: oneOf(OPENABLE) },
  /** Something in the page broke; for the log. */
  fault: { message: text },
});
export type FromLineagePage = Of<typeof fromLineagePage>;

export const toHealthPage = oneOfType({
  show: { dataset: name },
  /** To choose from, in the order to be shown. */
  datasets: { datasets: list(object({ name, state }), DATASETS_MAX) },
  report: { request, report: datasetReportShape },
  refused: { request, problem },
  /** Something of this dataset is different; the page asks again when it shows it. */
  changed: { dataset: name },
  connection,
});
export type ToHealthPage = Of<typeof toHealthPage>;

export const fromHealthPage = oneOfType({
  ready: {},
  query: { request, dataset: name },
  cancel: { request },
  /** The runs of this slice, in the tree. */
  'open-runs': { dataset: name, slice: name },
  open: { id: name, what: oneOf(['dataset', 'lineage', 'quarantine']) },
  fault: { message: text },
});
export type FromHealthPage = Of<typeof fromHealthPage>;

/** A message of this shape, or in words why it is none. */
export const readMessage = <T>(shape: Shape<T>, value: unknown) => read(shape, value, 'message');
