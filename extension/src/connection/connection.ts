import type { LakeModel } from '../models/lake-model.ts';
import type { ModelClock, ModelLog } from '../models/model-ports.ts';
import { Signal, type Stop } from '../models/signal.ts';
import type { AgentPlace } from './agent-place.ts';
import type { ConnectionModel, Found } from './connection-model.ts';
import type { ConnectionState } from './connection-state.ts';

export interface LazyConnectionDeps {
  readonly lake: LakeModel;
  readonly clock: ModelClock;
  readonly log: ModelLog;
  findAgent(): Promise<AgentPlace>;
  tokenFor(place: Found): Promise<string | undefined>;
}

/** The connection, whose code (the client and the contract) is loaded when it is first wanted, not by `activate`. */
export class Connection implements Stop {
  readonly #deps: LazyConnectionDeps;
  readonly #changed = new Signal<ConnectionState>();
  readonly onChange = this.#changed.on;
  #model: Promise<ConnectionModel> | undefined;
  #loaded: ConnectionModel | undefined;
  #isOver = false;

  constructor(deps: LazyConnectionDeps) {
    this.#deps = deps;
  }

  get state(): ConnectionState {
    return this.#loaded?.state ?? { kind: 'idle' };
  }
  get place(): AgentPlace | undefined {
    return this.#loaded?.place;
  }

  async start(): Promise<void> {
    (await this.#load())?.start();
  }

  async again(): Promise<void> {
    (await this.#load())?.again();
  }

  async lookAgain(): Promise<void> {
    await this.#loaded?.lookAgain();
  }

  /** Settles when there is a connection and everything was asked for once. */
  whenConnected(): Promise<void> {
    const { lake } = this.#deps;
    const isThere = () => this.state.kind === 'connected' && lake.isLoaded && lake.client !== undefined;
    if (isThere()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!isThere()) return;
        for (const stop of stops) stop.dispose();
        resolve();
      };
      const stops = [this.onChange(look), lake.onChange(look)];
      void this.start();
    });
  }

  dispose(): void {
    this.#isOver = true;
    void this.#loaded?.stop();
  }

  #load(): Promise<ConnectionModel | undefined> {
    if (this.#isOver) return Promise.resolve(undefined);
    this.#model ??= import('../later.ts').then(({ ConnectionModel }) => {
      const { lake, ...deps } = this.#deps;
      const model = new ConnectionModel({ ...deps, session: lake });
      model.onChange((state) => this.#changed.emit(state));
      this.#loaded = model;
      if (this.#isOver) void model.stop();
      return model;
    });
    return this.#model;
  }
}
