import {
  ACTION_NAMES,
  ACTION_PATH,
  ACTIONS,
  type ActionArguments,
  type ActionContract,
  type ActionName,
  actionRequestSchema,
  actionResultSchema,
  IDEMPOTENCY_HEADER,
  roleSchema,
} from '@lakewarden/contracts';
import { z } from 'zod';
import { withTimeLimit } from '../adapters/time-limit.ts';
import type { ActionRequest, PerformAction, Refusal, RefusalStatus } from './api-options.ts';
import { unprintablePlace } from './json-body.ts';
import { ApiProblem, describeIssues, retryAfter } from './problem.ts';
import { JSON_TYPE, type Route, type RouteRequest } from './routes.ts';

const ACTION_MS_MAX = 60_000;

/** One `POST` an action of the catalogue, and the catalogue itself. */
export function actionRoutes(perform: PerformAction): readonly Route[] {
  return [catalogueRoute(), ...ACTION_NAMES.map((name) => actionRoute(name, perform))];
}

function actionRoute(name: ActionName, perform: PerformAction): Route {
  const contract: ActionContract = ACTIONS[name];
  return {
    id: `action-${name}`,
    method: 'POST',
    path: `${ACTION_PATH}/${name}`,
    access: contract.role,
    tag: 'actions',
    summary: contract.summary,
    body: actionRequestSchema.extend({ input: contract.input }),
    idempotent: !contract.plans,
    success: { status: 200, type: JSON_TYPE, schema: actionResultSchema },
    async handle(request) {
      const asked = readAction(name, contract, request);
      // Not the client's going away: an act that has begun is carried through.
      const outcome = await withTimeLimit(ACTION_MS_MAX, request.stopping, (signal) =>
        perform(name, asked, request.caller, signal),
      );
      if (outcome.kind === 'refused') throw refusal(outcome, 409);
      return { body: outcome.result };
    },
  };
}

function readAction(name: ActionName, contract: ActionContract, request: RouteRequest): ActionRequest {
  const outer = actionRequestSchema.safeParse(request.body);
  if (!outer.success) throw invalid(name, describeIssues(outer.error));
  const { input, dryRun } = outer.data;
  const unprintable = unprintablePlace(input);
  if (unprintable !== undefined) throw invalid(name, `${unprintable}: holds control characters.`);
  const inner = contract.input.safeParse(input);
  if (!inner.success) throw invalid(name, describeIssues(inner.error));
  const idempotencyKey = readKey(request, !dryRun && !contract.plans);
  return { input: inner.data as ActionArguments, dryRun, idempotencyKey };
}

const KEY = /^[A-Za-z0-9._:-]{8,128}$/;

function readKey({ headers }: RouteRequest, needed: boolean): string | undefined {
  const key = headers[IDEMPOTENCY_HEADER];
  if (key === undefined && !needed) return undefined;
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new ApiProblem({
    status: 400,
    code: 'idempotency-key',
    detail:
      key === undefined
        ? 'What changes things needs an Idempotency-Key header.'
        : 'The Idempotency-Key is none: 8 to 128 of letters, digits and ._:- are.',
    remedy: 'Send a new UUID for a new act, and the same again to repeat a request whose answer was lost.',
  });
}

function invalid(name: ActionName, detail: string): ApiProblem {
  return new ApiProblem({
    status: 422,
    code: 'invalid',
    detail,
    remedy: `GET ${ACTION_PATH} says what ${name} takes; send {"input": {…}, "dryRun": true} to try it.`,
  });
}

const STATUS: Readonly<Record<string, RefusalStatus>> = {
  forbidden: 403,
  'not-found': 404,
  'unknown-action': 404,
  invalid: 422,
  unavailable: 503,
};
const RETRY_AFTER_MS = 5_000;

export function refusal(refused: Refusal, otherwise: 409 | 422): ApiProblem {
  const { code, message, remedy } = refused;
  const status = refused.status ?? (Object.hasOwn(STATUS, code) ? STATUS[code] : undefined) ?? otherwise;
  const headers = status === 503 ? retryAfter(RETRY_AFTER_MS) : {};
  return new ApiProblem({ status, code, detail: message, remedy, headers });
}

export const actionCatalogueSchema = z.object({
  actions: z.array(
    z.object({
      name: z.string(),
      summary: z.string(),
      role: roleSchema,
      danger: z.enum(['none', 'confirm', 'typed']),
      positional: z.array(z.string()),
      plans: z.boolean(),
      /** JSON Schema (2020-12) of `input`. */
      input: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type ActionCatalogue = z.infer<typeof actionCatalogueSchema>;

function catalogueRoute(): Route {
  let catalogue: ActionCatalogue | undefined;
  return {
    id: 'actions',
    method: 'GET',
    path: ACTION_PATH,
    access: 'viewer',
    tag: 'actions',
    summary: 'what can be asked for, and what each takes',
    input: z.strictObject({}),
    success: { status: 200, type: JSON_TYPE, schema: actionCatalogueSchema },
    async handle() {
      catalogue ??= describeActions();
      return { body: catalogue };
    },
  };
}

function describeActions(): ActionCatalogue {
  const actions = ACTION_NAMES.map((name) => {
    const { summary, role, danger, positional, plans, input }: ActionContract = ACTIONS[name];
    return {
      name,
      summary,
      role,
      danger,
      positional: [...positional],
      plans,
      input: { ...z.toJSONSchema(input, { io: 'input' }) },
    };
  });
  return { actions };
}
