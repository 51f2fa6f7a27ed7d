import { QUERIES, QUERY_NAMES, type QueryContract, type QueryName } from '@lakewarden/contracts';
import { withTimeLimit } from '../adapters/time-limit.ts';
import type { Answer, Answers } from './api-options.ts';
import { unprintablePlace } from './json-body.ts';
import { ApiProblem, describeIssues, unavailable } from './problem.ts';
import { JSON_TYPE, type Route, type RouteRequest } from './routes.ts';

const QUERY_MS_MAX = 30_000;

/** One `GET` a query of the contract. */
export function queryRoutes(answers: Answers): readonly Route[] {
  return QUERY_NAMES.map((name) => {
    const contract: QueryContract = QUERIES[name];
    const answer = answers[name] as (args: unknown, signal: AbortSignal) => Promise<Answer<unknown>>;
    return {
      id: `query-${name}`,
      method: 'GET',
      path: contract.path,
      access: contract.role,
      tag: 'queries',
      summary: contract.summary,
      input: contract.input,
      success: { status: 200, type: JSON_TYPE, schema: contract.output },
      async handle(request) {
        const args = readArguments(name, contract, request);
        const what = `query ${name}`;
        return {
          body: unwrap(
            await withTimeLimit(QUERY_MS_MAX, request.clientGone, (signal) => answer(args, signal), {
              what,
              abandonMs: ABANDON_MS,
            }),
          ),
        };
      },
    };
  });
}

/** A query that heeds no signal is left behind at once: it changes nothing. */
const ABANDON_MS = 100;

function readArguments(name: QueryName, contract: QueryContract, request: RouteRequest): unknown {
  const { params, query } = request;
  const both = Object.keys(query).find((key) => Object.hasOwn(params, key));
  if (both !== undefined) throw invalid(name, `${both}: stands in the path already.`);
  const unsafe = Object.entries(params).find(
    ([, value]) => typeof value !== 'string' || !SAFE_PART.test(value),
  );
  if (unsafe !== undefined) throw invalid(name, `${unsafe[0]}: is no name.`);
  const input = { ...query, ...params };
  const unprintable = unprintablePlace(input);
  if (unprintable !== undefined) throw invalid(name, `${unprintable}: holds control characters.`);
  const parsed = contract.input.safeParse(input);
  if (!parsed.success) throw invalid(name, describeIssues(parsed.error));
  return parsed.data;
}

/** Names and ids; no part of one begins with a dot, so that none leads out of a folder, whoever makes a path of it. */
const SAFE_PART = /^(?:[A-Za-z0-9_:@-][A-Za-z0-9._:@-]*)(?:\/[A-Za-z0-9_:@-][A-Za-z0-9._:@-]*)*$/;

function invalid(name: QueryName, detail: string): ApiProblem {
  return new ApiProblem({
    status: 400,
    code: 'invalid',
    detail,
    remedy: `GET /openapi.json says what ${QUERIES[name].path} takes.`,
  });
}

function unwrap(answer: Answer<unknown>): unknown {
  switch (answer.kind) {
    case 'ok':
      return answer.value;
    case 'not-found':
      throw new ApiProblem({
        status: 404,
        code: 'not-found',
        detail: answer.what,
        remedy: answer.remedy,
      });
    case 'unavailable':
      throw unavailable(answer.what, answer.retryAfterMs);
  }
}
