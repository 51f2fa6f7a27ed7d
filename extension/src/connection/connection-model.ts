import { type AgentClient, createClient, type StreamState } from '@lakewarden/client';
import type { AgentEvent } from '@lakewarden/contracts';
import type { ModelClock, ModelLog } from '../models/model-ports.ts';
import { Signal } from '../models/signal.ts';
import type { AgentPlace } from './agent-place.ts';
import { againMs, type ConnectionState, kindOfError, problemOf } from './connection-state.ts';

/** Who uses a connection while there is one. */
export interface Session {
  /** Asks for everything; the events are told meanwhile. */
  begin(client: AgentClient, signal: AbortSignal): Promise<void>;
  apply(event: AgentEvent): void;
  end(): void;
}

export interface ConnectionDeps {
  /** Asked anew before each attempt. */
  findAgent(): Promise<AgentPlace>;
  /** Asked before each request, as tokens are renewed. Undefined: nobody has signed in. */
  tokenFor(place: Found): Promise<string | undefined>;
  readonly session: Session;
  readonly clock: ModelClock;
  readonly log: ModelLog;
  readonly createClient?: typeof createClient;
}
export type Found = Extract<AgentPlace, { kind: 'found' }>;

/** An agent on the way of a request that answers nothing is given up after this long. */
const REQUEST_MS = 20_000;
const CONNECT_MS = 10_000;

/**
 * Keeps one connection to one agent: finds it, signs in, follows its events, and comes back by itself when it is lost.
 * It only ever waits for the clock or for `again`; whatever is wrong is its state.
 */
export class ConnectionModel {
  readonly #deps: ConnectionDeps;
  readonly #changed = new Signal<ConnectionState>();
  readonly onChange = this.#changed.on;
  #state: ConnectionState = { kind: 'idle' };
  /** Ends the attempt, or the session, that is under way. */
  #attempt = new AbortController();
  #over = new AbortController();
  #running: Promise<void> | undefined;
  #place: AgentPlace | undefined;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  get state(): ConnectionState {
    return this.#state;
  }
  /** The agent that was found last. */
  get place(): AgentPlace | undefined {
    return this.#place;
  }

  /** From now on there is a connection, or a state that says why not. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Something that decides has changed (setting, token, trust, file), or a person wants it: try again now. */
  again(): void {
    this.#attempt.abort();
    this.start();
  }

  /** As `again`, where the agent is still the one that we are connected to: then nothing happens. */
  async lookAgain(): Promise<void> {
    const { kind, url } = this.#state;
    if (kind !== 'connected') return this.again();
    const place = await this.#deps.findAgent();
    if (place.kind !== 'found' || place.url !== url) this.again();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#attempt.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let attempt = 0;
    let last: string | undefined;
    while (!this.#over.signal.aborted) {
      this.#attempt = new AbortController();
      const signal = AbortSignal.any([this.#attempt.signal, this.#over.signal]);
      const state = await this.#once(signal);
      if (signal.aborted) {
        attempt = 0;
        continue;
      }
      attempt = state.kind === last ? attempt + 1 : 0;
      last = state.kind;
      const waitMs = againMs(state.kind, attempt);
      this.#set({ ...state, againAtMs: this.#deps.clock.nowMs() + waitMs });
      await this.#deps.clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** From looking for the agent to the end of the session; the state is why it ended. */
  async #once(signal: AbortSignal): Promise<ConnectionState> {
    const place = await this.#deps.findAgent();
    this.#place = place;
    if (place.kind !== 'found') return { kind: place.kind };
    const { url } = place;
    try {
      // Before anybody is asked for a token: an URL that would show it to the network is refused here.
      const client = this.#clientOf(place);
      if ((await this.#deps.tokenFor(place)) === undefined) {
        return { kind: 'signedOut', url, problem: `no token is known · ${url} · sign in` };
      }
      return await this.#follow(place, client, signal);
    } catch (error) {
      const kind = kindOfError(error);
      if (kind === undefined && !signal.aborted)
        this.#deps.log.error(`a bug in the extension: ${stackOf(error)}`);
      return { kind: kind ?? 'broken', url, problem: problemOf(error) };
    } finally {
      this.#deps.session.end();
    }
  }

  #clientOf(place: Found): AgentClient {
    const make = this.#deps.createClient ?? createClient;
    return make({
      url: place.url,
      token: async () => (await this.#deps.tokenFor(place)) ?? '',
      check: 'sampled',
      limits: { requestMs: REQUEST_MS, connectMs: CONNECT_MS },
    });
  }

  async #follow(place: Found, client: AgentClient, signal: AbortSignal): Promise<ConnectionState> {
    const { url } = place;
    // Whoever looks at an old problem goes on seeing it until there is something better to say.
    if (this.#state.kind !== 'unreachable' && this.#state.kind !== 'starting')
      this.#set({ kind: 'connecting', url });
    const hello = await client.hello(signal);
    if (!hello.ready) return { kind: 'starting', url, version: hello.version };
    const session = new AbortController();
    const until = AbortSignal.any([signal, session.signal]);
    let failed: { readonly error: unknown } | undefined;
    const onState = (state: StreamState) => {
      if (state.kind === 'lost') return this.#lost(place, state);
      this.#set({ kind: 'connected', url, version: hello.version });
      this.#deps.session.begin(client, until).catch((error: unknown) => {
        if (until.aborted) return;
        failed = { error };
        session.abort();
      });
    };
    try {
      for await (const event of client.events({ signal: until, onState })) this.#deps.session.apply(event);
    } finally {
      session.abort();
    }
    if (failed !== undefined) throw failed.error;
    return { kind: 'unreachable', url };
  }

  /** The client tries by itself; perhaps the agent is another one by now. */
  #lost(place: Found, { problem, againMs: ms }: Extract<StreamState, { kind: 'lost' }>): void {
    const kind = kindOfError(problem) ?? 'unreachable';
    const againAtMs = this.#deps.clock.nowMs() + ms;
    this.#set({ kind, url: place.url, problem: problemOf(problem), againAtMs });
    void this.#deps.findAgent().then((now) => {
      if (now.kind === 'found' && now.url !== place.url) this.again();
    });
  }

  #set(state: ConnectionState): void {
    const { kind, url, problem } = this.#state;
    this.#state = state;
    if (state.kind !== kind || state.url !== url || state.problem !== problem) {
      const text = [state.kind, state.url, state.problem].filter((part) => part !== undefined).join(' · ');
      this.#deps.log.info(`connection: ${text}`);
    }
    this.#changed.emit(state);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
