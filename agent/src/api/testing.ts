import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type ActionResult, QUERIES, QUERY_NAMES, type Role } from '@lakewarden/contracts';
import type { Clock } from '@lakewarden/core';
import { recordedFacts } from '@lakewarden/core/testing';
import { z } from 'zod';
import { systemClock } from '../adapters/system-clock.ts';
import type { Answer, Answers, ApiOptions } from './api-options.ts';
import { type Api, createApi } from './create-api.ts';
import { createEventHub } from './event-hub.ts';
import type { HttpBounds } from './http-server.ts';
import { createTokenAuthority, TOKEN_KEY_BYTES } from './tokens.ts';

/** A key that is not random, so that a run can be repeated. */
export const TEST_KEY = Buffer.alloc(TOKEN_KEY_BYTES, 7);
/** The status page that is there without a build. */
export const PLAIN_PAGE = fileURLToPath(new URL('../../assets/status', import.meta.url));
const HOUR_MS = 3_600_000;

/** The least value that fits a JSON schema: what an answer without content looks like. */
export function sampleOf(schema: z.ZodType): unknown {
  return sample(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

function sample(schema: unknown): unknown {
  const {
    type,
    const: only,
    enum: values,
    properties = {},
    required = [],
    anyOf,
    oneOf,
  } = schema as JsonSchema;
  if (only !== undefined) return only;
  const first = values?.[0] ?? undefined;
  if (first !== undefined) return first;
  const branch = (anyOf ?? oneOf)?.[0];
  if (branch !== undefined) return sample(branch);
  if (type === 'object') return Object.fromEntries(required.map((name) => [name, sample(properties[name])]));
  if (type === 'array') return [];
  if (type === 'integer' || type === 'number') return 0;
  return type === 'boolean' ? false : 'x';
}

/** Answers every query with the least that fits its contract; `calls` are the arguments that got through. */
export function fakeAnswers(calls: { name: string; args: unknown }[] = []): Answers {
  const answers = QUERY_NAMES.map((name) => [
    name,
    async (args: unknown): Promise<Answer<unknown>> => {
      calls.push({ name, args });
      return { kind: 'ok', value: sampleOf(QUERIES[name].output) };
    },
  ]);
  return Object.fromEntries(answers) as Answers;
}

export const DONE: ActionResult = { action: 'pause', outcome: 'done', message: 'done', effects: [] };

export interface TestApi {
  readonly api: Api;
  readonly port: number;
  readonly url: string;
  readonly facts: ReturnType<typeof recordedFacts>['facts'];
  readonly events: ApiOptions['events'];
  token(role: Role, ttlMs?: number): string;
  issue(subject: string, role: Role): string;
  send(asked: Asked): Promise<Told>;
  close(): Promise<void>;
}

export interface Asked {
  readonly method?: string;
  readonly path: string;
  /** Undefined: an admin. Null: nobody. */
  readonly token?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
  /** Adds Content-Type and Idempotency-Key as a well-behaved client does. */
  readonly json?: unknown;
}

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely.
  readonly json: any;
}

/** A real server on a free port, with answers that fit and act on nothing. */
export async function startTestApi(
  overrides: Partial<ApiOptions> = {},
  bounds: HttpBounds = {},
): Promise<TestApi> {
  const recorded = recordedFacts();
  const authority = createTokenAuthority(TEST_KEY, systemClock.now);
  const options: ApiOptions = {
    host: '127.0.0.1',
    port: 0,
    tokens: authority,
    clock: systemClock,
    emit: recorded.emit,
    answers: fakeAnswers(),
    perform: async () => ({ kind: 'ok', result: DONE }),
    receiveAlert: async () => ({
      kind: 'accepted',
      receipt: { alert: 'a', duplicate: false, targets: [] },
    }),
    events: createEventHub({ startedMs: 1 }),
    metrics: async () => 'up 1\n',
    ready: () => ({ ready: true, waitingFor: [] }),
    info: { version: '0.1.0', pipeline: 'retail', startedAt: '2026-01-15T12:00:00Z' },
    ...overrides,
  };
  const api = createApi(options, bounds);
  const { port, url } = await api.listen();
  const admin = authority.issue({ subject: 'tester', role: 'admin', ttlMs: HOUR_MS });
  return {
    api,
    port,
    url,
    facts: recorded.facts,
    events: options.events,
    token: (role, ttlMs = HOUR_MS) => authority.issue({ subject: `a-${role}`, role, ttlMs }),
    issue: (subject, role) => authority.issue({ subject, role, ttlMs: HOUR_MS }),
    send: (asked) => send(port, admin, asked),
    close: () => api.close(),
  };
}

let keys = 0;

function send(port: number, admin: string, asked: Asked): Promise<Told> {
  const { method = 'GET', path, token = admin, headers, json } = asked;
  const body = asked.body ?? (json === undefined ? undefined : JSON.stringify(json));
  const all = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(json !== undefined && {
      'content-type': 'application/json',
      'idempotency-key': `test-key-${keys++}`,
    }),
    ...(body !== undefined &&
      headers?.['transfer-encoding'] === undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes as they are, for what no HTTP client would send; the answer is what came until the end of the connection. */
export function sendRaw(port: number, ...parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
    for (const part of parts) socket.write(part);
  });
}

/** Sleeps end when told to; `pass` resolves when whoever slept sleeps again. */
export function handClock(startMs: number) {
  let nowMs = startMs;
  let asleep = Promise.withResolvers<void>();
  let wake: () => void = () => undefined;
  const clock: Clock = {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
        wake = () => {
          nowMs += ms;
          resolve();
        };
        asleep.resolve();
      }),
  };
  return {
    clock,
    async pass() {
      await asleep.promise;
      asleep = Promise.withResolvers();
      wake();
      await asleep.promise;
    },
  };
}
