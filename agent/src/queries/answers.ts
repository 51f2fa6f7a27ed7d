import {
  type AuditCheck,
  type AuditEntry,
  type Blame,
  type DatasetName,
  type Plan,
  parseTarget,
  type QueryResult,
} from '@lakewarden/contracts';
import type { Observation } from '@lakewarden/core';
import type { LakeStorage } from '@lakewarden/delta';
import type { Ledger } from '../adapters/ledger.ts';
import type { Answer, Answers } from '../api/api-options.ts';
import { backfillsHealth } from './backfills.ts';
import { blame } from './blame.ts';
import { datasetsHealth } from './dataset-health.ts';
import { lineage } from './lineage.ts';
import { type AgentInfo, overview } from './overview.ts';
import { pageOf } from './page.ts';
import type { Previews } from './preview.ts';
import { runHealth } from './runs.ts';
import { sliceHealth, slicesHealth } from './slice-health.ts';
import { sourcesLag } from './source-lag.ts';

/** Where answers come from. All but `previews`, `blame`, `plan` and old audit entries is in memory. */
export interface AnswerSources {
  readonly observe: () => Observation;
  readonly info: () => AgentInfo;
  readonly ledger: Ledger;
  readonly storage: LakeStorage;
  readonly previews: Previews;
  readonly engine: string;
  readonly plan: (hash: string, signal: AbortSignal) => Promise<Plan | undefined>;
  readonly audit: {
    entries(
      page: { readonly before?: number; readonly limit: number },
      signal: AbortSignal,
    ): Promise<readonly AuditEntry[]>;
    verify(signal: AbortSignal): Promise<AuditCheck>;
  };
  readonly runbooks: {
    list(): QueryResult<'runbooks'>;
    show(name: string): QueryResult<'runbook'> | undefined;
  };
}

/** Runs that a page may be cut from; older ones are history that nobody pages to. */
const RUNS_MAX = 5_000;
const ACTS_NAMED_MAX = 50;
const ACTS_SEARCHED_MAX = 500;

const ok = <Value>(value: Value): Answer<Value> => ({ kind: 'ok', value });
const notFound = (what: string, remedy: string) => ({ kind: 'not-found', what, remedy }) as const;

export function createAnswers(sources: AnswerSources): Answers {
  return {
    ...healthAnswers(sources),
    ...fileAnswers(sources),
    ...historyAnswers(sources),
    ...controlAnswers(sources),
  };
}

function healthAnswers({ observe, info }: AnswerSources) {
  const names = () => datasetsHealth(observe()).map(({ name }) => name);
  return {
    overview: async () => ok(overview(observe(), info())),
    datasets: async ({ layer, ...page }) => {
      const own = datasetsHealth(observe()).filter(
        (dataset) => layer === undefined || dataset.layer === layer,
      );
      return ok(pageOf(own, ({ name }) => name, page));
    },
    dataset: async ({ dataset }) => {
      const found = datasetsHealth(observe()).find(({ name }) => name === dataset);
      return found === undefined ? notFound(`dataset ${dataset}`, namedRemedy(names())) : ok(found);
    },
    slices: async ({ dataset, state, ...page }) => {
      if (!names().includes(dataset)) return notFound(`dataset ${dataset}`, namedRemedy(names()));
      const slices = slicesHealth(observe(), dataset as DatasetName).toReversed();
      const own = state === undefined ? slices : slices.filter((slice) => slice.state === state);
      return ok(pageOf(own, ({ key }) => key, page));
    },
    slice: async ({ slice }) => {
      const target = parseTarget(slice);
      const found =
        target?.kind === 'slice' ? sliceHealth(observe(), target.dataset, target.slice) : undefined;
      return found === undefined ? noSlice(observe(), slice) : ok(found);
    },
    lineage: async (query) => {
      const found = lineage(observe(), query);
      return found === undefined
        ? notFound(`${query.focus} in the lineage`, 'name a dataset, a slice or source:<name>')
        : ok(found);
    },
    lag: async () => ok({ sources: [...sourcesLag(observe())] }),
    breakers: async () => ok({ breakers: [...observe().breakers] }),
  } satisfies Partial<Answers>;
}

/** An agent that has just started has not looked at everything yet: what it has not seen may be there all the same. */
function noSlice(seen: Observation, slice: string) {
  const target = parseTarget(slice);
  const dataset = target?.kind === 'slice' ? target.dataset : undefined;
  const isKnown = seen.pipeline.datasets.some(({ name }) => name === dataset);
  const isSeen = dataset === undefined || seen.bronze.has(dataset) || seen.views?.has(dataset);
  if (!isKnown || isSeen) return notFound(`slice ${slice}`, SLICE_REMEDY);
  const what = `${dataset} has not been looked at since the agent started`;
  return { kind: 'unavailable', what, retryAfterMs: LOOK_RETRY_MS } as const;
}

const LOOK_RETRY_MS = 2_000;
const SLICE_REMEDY = 'slices are named like silver.orders@2011-11-11; list them with: slices <dataset>';

function namedRemedy(names: readonly string[]): string {
  return `datasets: ${names.slice(0, 40).join(', ')}`;
}

function fileAnswers({ observe, storage, audit, previews }: AnswerSources) {
  const isDataset = (name: string) => observe().pipeline.datasets.some((step) => step.name === name);
  const tableOf = (dataset: string, of: 'table' | 'quarantine' | 'duplicates') =>
    (of === 'table' ? dataset : `${of}.${dataset.slice(dataset.indexOf('.') + 1)}`) as DatasetName;
  return {
    blame: async ({ slice }, signal) => {
      const recent = await audit.entries({ limit: ACTS_SEARCHED_MAX }, signal);
      const actsOn = (id: string, dataset: string) => namingActs(recent, id, dataset);
      const found = await blame(observe(), { storage, actsOn }, slice, signal);
      return found === undefined ? noSlice(observe(), slice) : ok(found);
    },
    quarantine: async ({ dataset, slice }, signal) => {
      if (!isDataset(dataset)) return notFound(`dataset ${dataset}`, 'list them with: datasets');
      return ok(await previews.quarantine(dataset as DatasetName, slice, signal));
    },
    rows: async ({ dataset, of, slice, limit }, signal) => {
      const found = isDataset(dataset)
        ? await previews.rows(tableOf(dataset, of), slice, limit, signal)
        : undefined;
      if (found !== undefined) return ok(found);
      return notFound(
        `table ${tableOf(dataset, of)}`,
        'nothing has been committed to it yet, or there is no such dataset',
      );
    },
  } satisfies Partial<Answers>;
}

function namingActs(entries: readonly AuditEntry[], id: string, dataset: string): Blame['acts'] {
  const acts: Blame['acts'] = [];
  for (const { seq, at, actor, action, input } of entries) {
    if (action === undefined || acts.length === ACTS_NAMED_MAX) continue;
    const named = Object.values(input ?? {});
    if (named.includes(id) || named.includes(dataset)) acts.push({ seq, at, actor, action });
  }
  return acts;
}

function historyAnswers({ ledger, engine, audit, observe }: AnswerSources) {
  return {
    runs: async ({ dataset, state, ...page }) => {
      const runs = ledger
        .listRuns(RUNS_MAX)
        .filter((run) => !run.id.startsWith('land/'))
        .filter((run) => dataset === undefined || run.dataset === dataset)
        .filter((run) => state === undefined || run.state === state);
      const { items, next } = pageOf(runs, ({ id }) => id, page);
      return ok({ items: items.map((run) => runHealth(run, engine)), ...(next !== undefined && { next }) });
    },
    backfills: async (page) => ok(pageOf(backfillsHealth(observe()), ({ id }) => id, page)),
    backfill: async ({ id }) => {
      const found = backfillsHealth(observe()).find((each) => each.id === id || each.id === `backfill:${id}`);
      return found === undefined ? notFound(`backfill ${id}`, 'list them with: backfills') : ok(found);
    },
    audit: async ({ cursor, limit }, signal) => {
      const before = cursor === undefined ? undefined : Number(cursor);
      if (before !== undefined && !Number.isSafeInteger(before)) {
        return notFound(`audit page ${cursor}`, 'leave the cursor out to begin with the newest entry');
      }
      const items = await audit.entries({ limit, ...(before !== undefined && { before }) }, signal);
      const last = items.at(-1);
      const next =
        last !== undefined && last.seq > 1 && items.length === limit ? String(last.seq) : undefined;
      return ok({ items: [...items], ...(next !== undefined && { next }) });
    },
    'verify-audit': async (_args, signal) => ok(await audit.verify(signal)),
  } satisfies Partial<Answers>;
}

function controlAnswers({ observe, plan, runbooks }: AnswerSources) {
  const newestFirst = <T>(items: Iterable<T>, atOf: (item: T) => string) =>
    [...items].sort((a, b) => (atOf(a) < atOf(b) ? 1 : -1));
  return {
    plan: async ({ hash }, signal) => {
      const found = await plan(hash, signal);
      return found === undefined ? notFound(`plan ${hash}`, 'make one with: replay or backfill') : ok(found);
    },
    incidents: async ({ state, ...page }) => {
      const all = newestFirst(observe().control.incidents.values(), ({ openedAt }) => openedAt);
      const own = all.filter((incident) =>
        state === 'active' ? incident.state !== 'resolved' : state === undefined || incident.state === state,
      );
      return ok(pageOf(own, ({ id }) => id, page));
    },
    incident: async ({ id }) => {
      const found = observe().control.incidents.get(id);
      return found === undefined ? notFound(`incident ${id}`, 'list them with: incidents') : ok(found);
    },
    runbooks: async () => ok(runbooks.list()),
    runbook: async ({ name }) => {
      const found = runbooks.show(name);
      return found === undefined ? notFound(`runbook ${name}`, 'list them with: runbook list') : ok(found);
    },
    executions: async ({ runbook, ...page }) => {
      const all = newestFirst(observe().control.executions.values(), ({ startedAt }) => startedAt);
      const own = all.filter((execution) => runbook === undefined || execution.runbook === runbook);
      const { items, next } = pageOf(own, ({ id }) => id, page);
      const shown = items.map(({ cause: _c, bindings: _b, ...execution }) => execution);
      return ok({ items: shown, ...(next !== undefined && { next }) });
    },
  } satisfies Partial<Answers>;
}
