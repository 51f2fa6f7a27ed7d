import {
  ACTION_PATH,
  type ActionInput,
  type ActionName,
  type ActionResult,
  type AgentEvent,
  ALERTS_PATH,
  type AlertReceipt,
  actionResultSchema,
  alertReceiptSchema,
  IDEMPOTENCY_HEADER,
  type QueryInput,
  type QueryName,
  type QueryResult,
} from '@lakewarden/contracts';
import { AgentBroken, AgentRefused, AgentTooNew, AgentTooOld, AgentUnreachable } from './agent-error.ts';
import { type CatalogueEntry, catalogue } from './catalogue.ts';
import { checkAnswer } from './check-answer.ts';
import { agentUrl, type ClientClock, type ClientLimits, hostClock, LIMITS } from './client-ports.ts';
import { type EventsOptions, followEvents } from './event-stream.ts';
import { type AgentRequest, broken, exchange } from './exchange.ts';
import { queryPath } from './query-path.ts';
import { type AgentHello, checkVersion, readHello } from './version.ts';

export interface ClientOptions {
  /** Such as `http://127.0.0.1:7077`; plain http for loopback only. */
  readonly url: string;
  /** A function is asked before every request: tokens are renewed. */
  readonly token?: string | (() => string | Promise<string>);
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: ClientClock;
  /** Makes idempotency keys. */
  readonly uuid?: () => string;
  /** From 0 to 1; spreads reconnects. */
  readonly random?: () => number;
  readonly limits?: Partial<ClientLimits>;
  /** `sampled`: of long pages only some items are checked against the contract. */
  readonly check?: 'all' | 'sampled';
}

export interface ActOptions {
  readonly dryRun?: boolean;
  /** The same key with the same input is the same act, however often it is sent. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Queries whose answer is a page, and what is on it. */
export type PagedQueryName = {
  [Name in QueryName]: 'items' extends keyof QueryResult<Name> ? Name : never;
}[QueryName];
export type ItemOf<Name extends PagedQueryName> = QueryResult<Name>['items'][number];

/**
 * What can be asked of an agent. Everything throws `AgentUnreachable`, `AgentRefused`, `AgentTooOld`, `AgentTooNew` or
 * `AgentBroken`, and the reason of its signal when that aborts. Everything ends within its time limit.
 */
export interface AgentClient {
  readonly url: string;
  query<Name extends QueryName>(
    name: Name,
    input: QueryInput<Name>,
    signal?: AbortSignal,
  ): Promise<QueryResult<Name>>;
  /** Every item of every page, asked for as they are read. */
  all<Name extends PagedQueryName>(
    name: Name,
    input: QueryInput<Name>,
    signal?: AbortSignal,
  ): AsyncGenerator<ItemOf<Name>>;
  /** A cut connection is tried once more with the same idempotency key, so it happens at most once. */
  act<Name extends ActionName>(
    name: Name,
    input: ActionInput<Name>,
    options?: ActOptions,
  ): Promise<ActionResult>;
  /** Ends when the signal aborts. */
  events(options?: EventsOptions): AsyncGenerator<AgentEvent>;
  /** Any alert body as Azure Monitor posts it. */
  alert(body: unknown, signal?: AbortSignal): Promise<AlertReceipt>;
  /** Who answers. Throws `AgentTooOld` or `AgentTooNew` when it speaks another contract. */
  hello(signal?: AbortSignal): Promise<AgentHello>;
  /** What can be acted, from the contract; asks nobody. */
  catalogue(): readonly CatalogueEntry[];
}

const PAGES_MAX = 100_000;

/** Throws `TerminalError('invalid')` for a URL that cannot be one of an agent. */
export function createClient(options: ClientOptions): AgentClient {
  const url = agentUrl(options.url);
  const { token, check = 'all', uuid = () => crypto.randomUUID(), random = Math.random } = options;
  const ports = {
    url,
    token: typeof token === 'string' ? () => token : token,
    fetch: options.fetch ?? ((input: string | URL | Request, init?: RequestInit) => fetch(input, init)),
    limits: { ...LIMITS, ...options.limits },
    clock: options.clock ?? hostClock,
    random,
  };
  /** Asked once before anything is changed; forgotten when the agent may be another one. */
  let known: Promise<AgentHello> | undefined;

  async function hello(signal?: AbortSignal): Promise<AgentHello> {
    const answer = await exchange(ports, { method: 'GET', path: queryPath('overview', {}), signal });
    return checkVersion(readHello(answer, url), url);
  }

  /** Shared by all who wait for it, so the signal of one must not end it; its time limit does. */
  async function helloOnce(signal: AbortSignal | undefined): Promise<void> {
    known ??= hello().catch((error) => {
      known = undefined;
      throw error;
    });
    await known;
    signal?.throwIfAborted();
  }

  /** What is not understood may be of another version: then that is what is wrong. */
  async function explain(error: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const unknown = error instanceof AgentRefused && error.problem.status === 404 && known === undefined;
    if (!unknown && !(error instanceof AgentBroken)) return error;
    known = undefined;
    try {
      await helloOnce(signal);
    } catch (other) {
      if (other instanceof AgentTooOld || other instanceof AgentTooNew) return other;
    }
    return error;
  }

  async function ask<T>(request: AgentRequest, read: (value: unknown) => T | undefined): Promise<T> {
    try {
      const { value } = await exchange(ports, request);
      const answer = read(value);
      if (answer !== undefined) return answer;
      throw broken(url, `the answer to ${request.path.split('?')[0]} is none of the contract`);
    } catch (error) {
      throw await explain(error, request.signal);
    }
  }

  async function query<Name extends QueryName>(
    name: Name,
    input: QueryInput<Name>,
    signal?: AbortSignal,
  ): Promise<QueryResult<Name>> {
    return ask({ method: 'GET', path: queryPath(name, input), signal }, (value) =>
      checkAnswer(name, value, check),
    );
  }

  return {
    url,
    query,
    hello,
    catalogue,

    async *all(name, input, signal) {
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const asked = cursor === undefined ? input : { ...input, cursor };
        const answer: { readonly items: readonly unknown[]; readonly next?: string | undefined } =
          await query(name, asked, signal);
        yield* answer.items as readonly ItemOf<typeof name>[];
        if (answer.next === undefined) return;
        if (answer.next === cursor) break;
        cursor = answer.next;
      }
      throw broken(url, `the pages of ${name} do not end`);
    },

    async act(name, input, { dryRun = false, idempotencyKey = uuid(), signal } = {}) {
      await helloOnce(signal);
      const request = {
        method: 'POST',
        path: `${ACTION_PATH}/${name}`,
        headers: { [IDEMPOTENCY_HEADER]: idempotencyKey },
        body: JSON.stringify({ input, dryRun }),
        signal,
      } as const;
      const send = () => ask(request, (value) => actionResultSchema.safeParse(value).data);
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof AgentUnreachable) || error.reason !== 'connection') throw error;
        return await send();
      }
    },

    async *events(asked = {}) {
      const onState: EventsOptions['onState'] = (state) => {
        if (state.kind === 'lost') known = undefined;
        asked.onState?.(state);
      };
      try {
        yield* followEvents(ports, { ...asked, onState });
      } catch (error) {
        throw await explain(error, asked.signal);
      }
    },

    alert(body, signal) {
      const request = { method: 'POST', path: ALERTS_PATH, body: JSON.stringify(body), signal } as const;
      return ask(request, (value) => alertReceiptSchema.safeParse(value).data);
    },
  };
}
