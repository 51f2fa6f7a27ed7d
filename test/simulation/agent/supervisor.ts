import type { Chance } from '../world/chance.ts';
import type { SimProcess } from '../world/process.ts';
import type { Timeline } from '../world/timeline.ts';

/** Starts one life of an agent on some machine. `stop` asks it to end by itself. */
export interface Life {
  readonly process: SimProcess;
  readonly stop: () => void;
}

export interface SupervisorOptions {
  readonly timeline: Timeline;
  readonly chance: Chance;
  /** `onDeath`, `onStall`: of the life that is started. */
  readonly start: (events: { onDeath: () => void; onStall: (ms: number) => void }) => Life;
}

const RESTART_MS: readonly [number, number] = [1_000, 120_000];
const STANDBY_MS: readonly [number, number] = [5_000, 30_000];
/** A stall that is longer is taken for a death. */
const LEASE_MS = 15_000;
const ZOMBIE_MS: readonly [number, number] = [10_000, 20 * 60_000];
const STOP_EVERY_MS: readonly [number, number] = [20 * 60_000, 240 * 60_000];
/** From the request to stop to the kill. */
const GRACE_MS = 20_000;

/**
 * Keeps an agent running, as an orchestrator does: a dead one is started again, one that stands still for longer than the
 * lease gets a successor although it lives on (a zombie), and now and then one is stopped to be replaced.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #current: Life | undefined;
  readonly #zombies = new Set<Life>();
  #isCalm = false;
  #isRetired = false;
  zombies = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#startLife();
    this.#planStop();
  }

  /** No zombies any more; one agent that runs. */
  calm(): void {
    this.#isCalm = true;
    for (const zombie of this.#zombies) zombie.process.kill();
    this.#current?.process.resume();
  }

  /** Nothing of it runs any more, nor will. */
  retire(): void {
    this.#isRetired = true;
    for (const zombie of this.#zombies) zombie.process.kill();
    this.#current?.process.kill();
  }

  /** Of the agent that runs now. */
  get process(): SimProcess | undefined {
    return this.#current?.process;
  }

  /** Whoever answers a request: the agent that runs, now and then a zombie. */
  someProcess(chance: Chance): SimProcess | undefined {
    const [zombie] = this.#zombies;
    return zombie !== undefined && chance.happens(0.2) ? zombie.process : this.#current?.process;
  }

  #startLife(): void {
    const { start, timeline, chance } = this.#options;
    const life = start({
      onDeath: () => {
        this.#zombies.delete(life);
        if (this.#current !== life) return;
        this.#current = undefined;
        timeline.after(this.#isCalm ? RESTART_MS[0] : chance.int(...RESTART_MS), () => this.#startIfNone());
      },
      onStall: (ms) => {
        if (this.#current === life && ms > LEASE_MS) this.#replace(life);
      },
    });
    this.#current = life;
  }

  #startIfNone(): void {
    if (this.#current === undefined && !this.#isRetired) this.#startLife();
  }

  #replace(life: Life): void {
    const { timeline, chance } = this.#options;
    if (chance.happens(0.3)) return;
    timeline.after(chance.int(...STANDBY_MS), () => {
      if (this.#current !== life || this.#isRetired) return;
      this.zombies += 1;
      this.#zombies.add(life);
      timeline.after(chance.int(...ZOMBIE_MS), () => life.process.kill());
      this.#startLife();
    });
  }

  #planStop(): void {
    const { timeline, chance } = this.#options;
    timeline.after(chance.int(...STOP_EVERY_MS), () => {
      if (this.#isCalm || this.#isRetired) return;
      const life = this.#current;
      life?.stop();
      timeline.after(chance.int(0, GRACE_MS), () => life?.process.kill());
      this.#planStop();
    });
  }
}
