import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ACTION_PATH,
  ACTIONS,
  type ActionName,
  type ActionResult,
  type AgentEvent,
  ALERTS_PATH,
  EVENTS_PATH,
  IDEMPOTENCY_HEADER,
  isActionName,
  type ProblemDocument,
  QUERIES,
  QUERY_NAMES,
  type QueryName,
  type QueryResult,
} from '@lakewarden/contracts';
import { anOverview, aProblem } from './samples.ts';

/** An agent for tests: HTTP on loopback, answers from tables, and it remembers what it was asked. */
export interface FakeAgent {
  readonly url: string;
  readonly token: string;
  /** `GET /api/v1/slices/silver.orders%402011-11-11`, oldest first. */
  readonly requests: readonly string[];
  /** Acts that took effect: one an idempotency key, dry runs left out. */
  readonly acts: readonly FakeAct[];
  /** `Last-Event-ID` of every event stream, in the order of their opening. */
  readonly streams: readonly (string | undefined)[];
  send(event: AgentEvent): void;
  /** Cuts every connection, as a crash would; it goes on listening. */
  cut(): void;
  close(): Promise<void>;
}

export interface FakeAct {
  readonly action: ActionName;
  readonly input: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly key: string;
}

type Answer<T, Asked> = T | ProblemDocument | ((asked: Asked) => T | ProblemDocument);

export interface FakeAgentOptions {
  readonly token?: string;
  /** By query; `overview` has an answer of its own. What is not here is not found. */
  readonly queries?: {
    readonly [Name in QueryName]?: Answer<QueryResult<Name>, Readonly<Record<string, string>>>;
  };
  /** By action; what is not here is done, in words that name its input. */
  readonly actions?: { readonly [Name in ActionName]?: Answer<ActionResult, FakeAct> };
  /** Sees every request first; true: it has answered, or never will. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

const TOKEN = 'a-token-of-the-test';

export async function startFakeAgent(options: FakeAgentOptions = {}): Promise<FakeAgent> {
  const { token = TOKEN } = options;
  const requests: string[] = [];
  const acts: FakeAct[] = [];
  const streams: (string | undefined)[] = [];
  const results = new Map<string, ActionResult>();
  const open = new Set<ServerResponse>();
  const events: AgentEvent[] = [];

  const frame = (index: number) =>
    `id: ${index + 1}\nevent: ${events[index]?.type}\ndata: ${JSON.stringify(events[index])}\n\n`;

  function stream(request: IncomingMessage, response: ServerResponse): void {
    const last = request.headers['last-event-id'];
    streams.push(last === undefined ? undefined : String(last));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 500\n\n');
    for (let index = last === undefined ? events.length : Number(last); index < events.length; index++)
      response.write(frame(index));
    open.add(response);
    response.on('close', () => open.delete(response));
  }

  async function act(name: string, request: IncomingMessage): Promise<unknown> {
    if (!isActionName(name))
      return aProblem({ status: 404, code: 'not-found', detail: `there is no action ${name}` });
    const body = JSON.parse(await readBody(request)) as { input: Record<string, unknown>; dryRun?: boolean };
    const checked = ACTIONS[name].input.safeParse(body.input);
    if (!checked.success)
      return aProblem({ status: 400, code: 'invalid', detail: checked.error.issues[0]?.message ?? '' });
    const key = String(request.headers[IDEMPOTENCY_HEADER]);
    const before = results.get(key);
    if (before !== undefined) return { ...before, outcome: 'unchanged' };
    const asked: FakeAct = { action: name, input: checked.data, dryRun: body.dryRun ?? false, key };
    const answer =
      settle(options.actions?.[name] as Answer<ActionResult, FakeAct> | undefined, asked) ?? done(asked);
    if (asked.dryRun || isProblem(answer)) return answer;
    acts.push(asked);
    results.set(key, answer as ActionResult);
    return answer;
  }

  async function answer(request: IncomingMessage): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (request.headers.authorization !== `Bearer ${token}`) {
      const detail = 'The token is not one of this agent.';
      return aProblem({
        status: 401,
        code: 'unauthenticated',
        detail,
        remedy: 'give the token file of the agent',
      });
    }
    if (request.method === 'POST' && url.pathname.startsWith(`${ACTION_PATH}/`))
      return act(url.pathname.slice(ACTION_PATH.length + 1), request);
    if (request.method === 'POST' && url.pathname === ALERTS_PATH) {
      await readBody(request);
      return { alert: 'alert-1', duplicate: false, targets: ['source:orders'] };
    }
    const found = route(url);
    if (found === undefined)
      return aProblem({ status: 404, code: 'not-found', detail: `there is no ${url.pathname}` });
    const [name, input] = found;
    const table = { overview: anOverview(), ...options.queries } as Partial<
      Record<QueryName, Answer<unknown, unknown>>
    >;
    return (
      settle(table[name], input) ??
      aProblem({ status: 404, code: 'not-found', detail: `there is no such ${name}` })
    );
  }

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (options.intercept?.(request, response) === true) return;
    const authorized = request.headers.authorization === `Bearer ${token}`;
    if (authorized && request.url === EVENTS_PATH) return stream(request, response);
    void answer(request).then((value) => {
      const status = isProblem(value) ? value.status : request.url === ALERTS_PATH ? 202 : 200;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    requests,
    acts,
    streams,
    send(event) {
      events.push(event);
      for (const response of open) response.write(frame(events.length - 1));
    },
    cut: () => server.closeAllConnections(),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function done({ action, input, dryRun }: FakeAct): ActionResult {
  const words = [action, ...Object.values(input)].join(' ');
  return {
    action,
    outcome: dryRun ? 'would' : 'done',
    message: words,
    effects: [],
    ...(!dryRun && { audit: 1 }),
  };
}

function settle(answer: unknown, asked: unknown): unknown {
  return typeof answer === 'function' ? answer(asked) : answer;
}

function isProblem(value: unknown): value is ProblemDocument {
  return typeof value === 'object' && value !== null && 'status' in value && 'remedy' in value;
}

/** The query whose path fits best: one with fewer parts in its path that may be anything. */
function route(url: URL): readonly [QueryName, Readonly<Record<string, string>>] | undefined {
  const parts = url.pathname.split('/');
  const fits = QUERY_NAMES.flatMap((name) => {
    const wanted = QUERIES[name].path.split('/');
    if (wanted.length !== parts.length) return [];
    const input: Record<string, string> = Object.fromEntries(url.searchParams);
    for (const [index, part] of wanted.entries()) {
      const text = decodeURIComponent(parts[index] ?? '');
      if (part.startsWith(':')) input[part.slice(1)] = text;
      else if (part !== text) return [];
    }
    return [[name, input] as const];
  });
  return fits.sort(([a], [b]) => QUERIES[a].path.split(':').length - QUERIES[b].path.split(':').length)[0];
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
