/** createRun, cancel, and the questions about runs. */
import { randomUUID } from 'node:crypto';
import { jsonAnswer } from '../server/http-server.ts';
import type { HttpAnswer, HttpRequest } from '../server/service.ts';
import { ArmError, badRequest } from './arm-error.ts';
import { optionalObjectAt } from './json.ts';
import { parsePipeline } from './pipeline-definition.ts';
import { documentsOf, factoryId, methodRefused, type ResourceDeps } from './resource-handlers.ts';
import type { Route } from './routes.ts';
import { checkStartActivity, newRun, planOf } from './runs/create-run.ts';
import { parseRunQuery, queryPage } from './runs/query-runs.ts';
import type { RunEngine } from './runs/run-engine.ts';
import type { RunRecord } from './runs/run-record.ts';
import type { RunStore } from './runs/run-store.ts';
import {
  activityRunQueries,
  activityRunView,
  pipelineRunQueries,
  pipelineRunView,
} from './runs/run-views.ts';

export interface FactoryRuns {
  readonly store: RunStore;
  readonly engine: RunEngine;
}

export interface RunDeps extends ResourceDeps {
  runsOf(factory: string): FactoryRuns | undefined;
  /** A run that is younger is not listed yet, only found by its id. */
  readonly listingLagMs: (factory: string) => number;
}

/** Runs of a factory that have not ended; more is a client that has lost its way. */
const unfinishedCountMax = 1000;
/** Runs, or activity runs, on a page (assumption: the service does not say). */
const queryPageSize = 100;

type RunRoute = Extract<
  Route,
  { kind: 'create-run' | 'query-runs' | 'run' | 'cancel-run' | 'query-activity-runs' }
>;

export async function answerRuns(request: HttpRequest, deps: RunDeps, route: RunRoute): Promise<HttpAnswer> {
  const runs = deps.runsOf(route.factory);
  if (runs === undefined)
    throw new ArmError(404, 'ResourceNotFound', `The factory '${route.factory}' was not found.`);
  if (request.method !== (route.kind === 'run' ? 'GET' : 'POST')) throw methodRefused();
  switch (route.kind) {
    case 'create-run':
      return createRun(request, deps, runs, route.factory, route.pipeline);
    case 'query-runs':
      return queryRuns(request, deps, runs, route.factory);
    case 'run': {
      const run = runNamed(runs, route.runId);
      const view = pipelineRunView({ run, isLatest: runs.store.isLatest(run) }, factoryId(deps, run.factory));
      return jsonAnswer(200, view);
    }
    case 'cancel-run':
      return cancelRun(runs, route.runId);
    case 'query-activity-runs':
      return queryActivityRuns(request, runs, route.runId);
  }
}

async function createRun(
  request: HttpRequest,
  deps: RunDeps,
  runs: FactoryRuns,
  factory: string,
  pipelineName: string,
): Promise<HttpAnswer> {
  const parameters = optionalObjectAt(await request.json(), 'The body');
  const document = deps.store.child(factory, 'pipelines', pipelineName);
  if (document === undefined) {
    throw new ArmError(
      404,
      'PipelineNotFound',
      `The pipeline '${pipelineName}' was not found in the factory.`,
    );
  }
  if (runs.store.unfinished().length >= unfinishedCountMax) {
    throw new ArmError(
      429,
      'TooManyRequests',
      `More than ${unfinishedCountMax} runs are queued or in progress.`,
    );
  }
  const pipeline = parsePipeline(document.body);
  const { query } = request;
  const referenceId = query.get('referencePipelineRunId');
  const startActivityName = query.get('startActivityName') ?? undefined;
  checkStartActivity(pipeline, startActivityName);
  const run = newRun(
    {
      factory: deps.store.factory(factory)?.name ?? factory,
      pipelineName: document.name,
      pipeline,
      parameters,
      reference: referenceId === null ? undefined : runNamed(runs, referenceId),
      isRecovery: flagOf(query, 'isRecovery'),
      startActivityName,
      startFromFailure: flagOf(query, 'startFromFailure'),
    },
    randomUUID(),
    deps.now(),
  );
  await runs.engine.start(run, planOf(pipeline, documentsOf(deps.store, factory)));
  return jsonAnswer(200, { runId: run.runId });
}

function flagOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value.toLowerCase() === 'false') return false;
  if (value.toLowerCase() === 'true') return true;
  throw badRequest(`${name} must be true or false.`);
}

async function queryRuns(
  request: HttpRequest,
  deps: RunDeps,
  runs: FactoryRuns,
  factory: string,
): Promise<HttpAnswer> {
  const query = parseRunQuery(await request.json(), pipelineRunQueries);
  const listedMs = deps.now() - deps.listingLagMs(factory);
  const listed = runs.store
    .all()
    .filter((run) => run.createdMs <= listedMs)
    .map((run) => ({ run, isLatest: runs.store.isLatest(run) }));
  const { page, continuationToken } = queryPage(listed, query, pipelineRunQueries, queryPageSize);
  const id = factoryId(deps, deps.store.factory(factory)?.name ?? factory);
  return jsonAnswer(200, {
    value: page.map((item) => pipelineRunView(item, id)),
    ...(continuationToken === undefined ? {} : { continuationToken }),
  });
}

async function queryActivityRuns(
  request: HttpRequest,
  runs: FactoryRuns,
  runId: string,
): Promise<HttpAnswer> {
  const run = runNamed(runs, runId);
  const query = parseRunQuery(await request.json(), activityRunQueries);
  const { page, continuationToken } = queryPage(run.attempts, query, activityRunQueries, queryPageSize);
  return jsonAnswer(200, {
    value: page.map((attempt) => activityRunView(attempt, run)),
    ...(continuationToken === undefined ? {} : { continuationToken }),
  });
}

/** Assumption: cancelling a run that has ended is refused with 400; a second cancel of one in flight is not. */
async function cancelRun(runs: FactoryRuns, runId: string): Promise<HttpAnswer> {
  const run = runNamed(runs, runId);
  if (await runs.engine.cancel(runId)) return { status: 200 };
  throw badRequest(
    `The pipeline run '${runId}' cannot be cancelled: it is ${runs.store.get(runId)?.status ?? run.status}.`,
  );
}

function runNamed(runs: FactoryRuns, runId: string): RunRecord {
  const run = runs.store.get(runId);
  if (run === undefined)
    throw new ArmError(404, 'PipelineRunNotFound', `No pipeline run '${runId.slice(0, 64)}' was found.`);
  return run;
}
