import { type AgentEvent, agentEventSchema, EVENTS_PATH } from '@lakewarden/contracts';
import { AgentError, AgentRefused, AgentUnreachable } from './agent-error.ts';
import type { ClientClock } from './client-ports.ts';
import { broken, type ExchangeOptions, openStream, unreachable } from './exchange.ts';
import { type SseItem, SseParser, SseTooLong } from './sse-parser.ts';

export interface EventsOptions {
  /** Go on after this event id (of an earlier `onId`); from now on when absent. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Attempts in a row to get a lost stream back; then it throws. The default is about an hour. */
  readonly attemptsMax?: number;
  /** The stream is there, or it was lost and is tried again in `againMs`. */
  readonly onState?: (state: StreamState) => void;
  /** Called with each event's id, before the event is handed out. */
  readonly onId?: (id: string) => void;
}

export type StreamState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly problem: AgentUnreachable | AgentRefused; readonly againMs: number };

export interface StreamPorts extends ExchangeOptions {
  readonly clock: ClientClock;
  /** From 0 to 1. */
  readonly random: () => number;
}

const ATTEMPTS_MAX = 240;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 15_000;

/**
 * Events until the signal aborts, over as many connections as it takes; a reconnect goes on behind the last event. What
 * never connected throws `AgentUnreachable` at once. Kinds of events that a newer agent has added are left out.
 */
export async function* followEvents(ports: StreamPorts, options: EventsOptions): AsyncGenerator<AgentEvent> {
  const { signal, onState, onId, attemptsMax = ATTEMPTS_MAX } = options;
  let last = options.after;
  let wasConnected = false;
  let failures = 0;
  let backoffMs = BACKOFF_MS_MIN;
  while (signal?.aborted !== true) {
    let problem: AgentUnreachable | AgentRefused;
    try {
      for await (const item of readStream(ports, last, signal)) {
        if (item.kind === 'open') {
          wasConnected = true;
          onState?.({ kind: 'connected' });
          continue;
        }
        // Only what talks is there: one that accepts and closes again and again must not be asked without end.
        failures = 0;
        if (item.kind === 'retry') backoffMs = Math.min(Math.max(item.ms, BACKOFF_MS_MIN), BACKOFF_MS_MAX);
        if (item.kind !== 'event') continue;
        const event = readEvent(item.data, ports.url);
        if (item.id !== undefined && item.id !== '') {
          last = item.id;
          onId?.(item.id);
        }
        if (event !== undefined) yield event;
      }
      problem = unreachable(ports.url, undefined);
    } catch (error) {
      if (signal?.aborted) return;
      if (!wasConnected || !mayComeBack(error)) throw error;
      problem = error;
    }
    if (signal?.aborted || failures >= attemptsMax) break;
    const againMs = Math.min(backoffMs * 2 ** failures, BACKOFF_MS_MAX) * (0.5 + ports.random() / 2);
    failures++;
    onState?.({ kind: 'lost', problem, againMs });
    await ports.clock.sleep(againMs, signal).catch(() => undefined);
  }
  if (signal?.aborted !== true) throw unreachable(ports.url, undefined);
}

/** Not there, starting, or with as many readers as it takes. */
function mayComeBack(error: unknown): error is AgentUnreachable | AgentRefused {
  if (error instanceof AgentUnreachable) return true;
  return error instanceof AgentRefused && (error.problem.status === 503 || error.problem.status === 429);
}

type StreamItem = SseItem | { readonly kind: 'open' };

/** One connection, from `open` to its orderly end. Throws `AgentUnreachable` when it is cut or falls silent. */
async function* readStream(
  ports: StreamPorts,
  after: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamItem> {
  const stop = new AbortController();
  const headers = { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': after }) };
  const body = await openStream(ports, { method: 'GET', path: EVENTS_PATH, headers, signal }, stop);
  const reader = body.getReader();
  try {
    yield { kind: 'open' };
    const parser = new SseParser(ports.limits.frameChars);
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await withinSilence(reader, ports.limits.silenceMs);
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    if (error instanceof SseTooLong) throw broken(ports.url, error.message, error);
    throw error instanceof AgentError ? error : unreachable(ports.url, error);
  } finally {
    // Ends the request too, when whoever reads us has had enough.
    stop.abort();
  }
}

async function withinSilence(reader: ReadableStreamDefaultReader<Uint8Array>, silenceMs: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing was heard for ${silenceMs / 1_000} s`)), silenceMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

const KINDS: ReadonlySet<string> = new Set(agentEventSchema.options.map((option) => option.shape.type.value));

/** Undefined: of a kind that this client does not know. */
function readEvent(data: string, url: string): AgentEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw broken(url, 'an event is no JSON', cause);
  }
  const parsed = agentEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (typeof type === 'string' && !KINDS.has(type)) return undefined;
  throw broken(url, 'an event is none of the contract', parsed.error);
}
