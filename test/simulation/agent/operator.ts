import type { ActionName, ActionResult } from '@lakewarden/contracts';
import type { ActionOutcome, Actions } from '@lakewarden/core';
import type { Chance } from '../world/chance.ts';
import type { Timeline } from '../world/timeline.ts';

/** What an operator sees and whom they can ask. */
export interface OperatorWorld {
  readonly timeline: Timeline;
  /** Of the agent that answers now, if one does; now and then of one that should be dead. */
  readonly actions: () => Actions | undefined;
  readonly slicesOf: (dataset: string) => readonly string[];
  readonly runningRun: () => string | undefined;
  readonly landedWindows: () => readonly string[];
  /** Windows whose last copy did not bring what it should. */
  readonly failedWindows: () => readonly string[];
  /** What was asked and what was answered; for the judge. */
  readonly onAnswer: (answered: Answered) => void;
  /** From now on this may no longer hold: its lifting is on its way. */
  readonly onLift: (action: ActionName, target: string) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Answered {
  readonly action: ActionName;
  readonly input: Readonly<Record<string, unknown>>;
  /** `<actor>:<key>`. */
  readonly idempotency: string;
  readonly result: ActionResult;
}

/** What one operator stops, so that no other lifts it. */
export interface Desk {
  readonly name: string;
  readonly pauses: readonly string[];
  readonly freezes: readonly string[];
  readonly holds: readonly string[];
}

/** Two people; they do not lift each other's stops. */
export const DESKS: readonly Desk[] = [
  {
    name: 'ann',
    pauses: ['source:orders', 'silver.orders', 'gold.sales'],
    freezes: ['gold', 'silver.orders', 'all'],
    holds: ['silver.orders', 'gold.regions'],
  },
  {
    name: 'bob',
    pauses: ['source:clicks', 'source:stores', 'silver.clicks'],
    freezes: ['gold.sales', 'silver', 'silver.clicks'],
    holds: ['silver.clicks', 'gold.sales'],
  },
];

const PAUSE_MS: readonly [number, number] = [2 * 60_000, 12 * 60_000];
const STOP_MS: readonly [number, number] = [2 * 60_000, 25 * 60_000];
const ANSWER_MS_MAX = 90_000;
const AGAIN_MS: readonly [number, number] = [1_000, 20_000];
/** A request that was held back arrives by then. */
const LATE_MS_MAX = 6 * 60_000;
const CARE_EVERY_MS = 10 * 60_000;
/** How often one request is sent before its sender gives up. */
const SENDS_MAX = 12;
const REPEAT_SHARE = 0.3;

interface Stop {
  readonly lifting: ActionName;
  readonly input: Readonly<Record<string, string>>;
  readonly target: string;
  /** The stop was answered, or its sender gave up. */
  readonly asked: Promise<void>;
}

/**
 * A person with the CLI: stops things and lifts the stop later, asks for replays and backfills, and sends a request again,
 * with the same key, when no answer comes; now and then also when one did.
 */
export class Operator {
  readonly #world: OperatorWorld;
  readonly #desk: Desk;
  readonly #chance: Chance;
  #keys = 0;
  readonly #standing: Stop[] = [];
  readonly #everStopped = new Map<string, Stop>();
  #isOver = false;
  acts = 0;

  constructor(world: OperatorWorld, desk: Desk, chance: Chance) {
    this.#world = world;
    this.#desk = desk;
    this.#chance = chance;
  }

  begin(): void {
    const next = async () => {
      if (this.#isOver) return;
      await this.#actOnce();
      this.#world.timeline.after(this.#chance.int(...PAUSE_MS), () => void next());
    };
    this.#world.timeline.after(this.#chance.int(...PAUSE_MS), () => void next());
  }

  /**
   * Lifts all that it stopped and begins nothing new. Twice: a stop whose answer was lost may still be on its way when it
   * is lifted for the first time. Then it looks after what cannot heal alone, until somebody says that all is well.
   */
  async calm(isWell: () => boolean): Promise<void> {
    this.#isOver = true;
    for (const stop of this.#standing.splice(0)) await this.#lift(stop);
    await this.#wait(LATE_MS_MAX);
    for (const stop of this.#everStopped.values()) await this.#lift(stop);
    while (!isWell()) {
      for (const window of this.#world.failedWindows()) await this.#rerun(window);
      await this.#wait(CARE_EVERY_MS);
    }
  }

  async #actOnce(): Promise<void> {
    const choices = [
      () => this.#stop('pause', 'resume', 'target', this.#chance.pick(this.#desk.pauses)),
      () => this.#stop('freeze', 'thaw', 'target', this.#chance.pick(this.#desk.freezes)),
      () => this.#hold(),
      () =>
        this.#ask('retry', { target: this.#chance.pick(['source:orders', 'silver.orders', 'gold.sales']) }),
      () => this.#replay(),
      () => this.#backfill(),
      () => this.#rerun(this.#some(this.#world.landedWindows())),
      () => this.#cancel(),
    ];
    await this.#chance.pick(choices)();
  }

  async #stop(action: ActionName, lifting: ActionName, field: string, target: string): Promise<void> {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const stop: Stop = { lifting, input: { [field]: target }, target, asked };
    this.#standing.push(stop);
    this.#everStopped.set(`${lifting} ${target}`, stop);
    this.#world.timeline.after(this.#chance.int(...STOP_MS), () => {
      const at = this.#standing.indexOf(stop);
      if (at < 0) return;
      this.#standing.splice(at, 1);
      void this.#lift(stop);
    });
    await this.#ask(action, { ...stop.input, reason: 'the simulation says so' });
    resolve();
  }

  async #lift({ lifting, input, target, asked }: Stop): Promise<void> {
    await asked;
    this.#world.onLift(lifting, target);
    await this.#ask(lifting, input);
  }

  async #hold(): Promise<void> {
    const dataset = this.#chance.pick(this.#desk.holds);
    const slices = this.#world.slicesOf(dataset);
    if (slices.length > 0)
      await this.#stop('hold', 'release', 'slice', `${dataset}@${this.#chance.pick(slices)}`);
  }

  async #replay(): Promise<void> {
    const dataset = this.#chance.pick(['bronze.orders', 'bronze.stores', 'silver.orders', 'gold.sales']);
    const slices = this.#world.slicesOf(dataset);
    if (slices.length > 0)
      await this.#planAndApply('replay', { target: `${dataset}@${this.#chance.pick(slices)}` });
  }

  async #backfill(): Promise<void> {
    const dataset = this.#chance.pick(['silver.orders', 'silver.clicks', 'gold.sales']);
    const slices = this.#world.slicesOf(dataset).toSorted();
    if (slices.length === 0) return;
    const from = this.#chance.int(0, slices.length - 1);
    const to = this.#chance.int(from, slices.length - 1);
    const answer = await this.#planAndApply('backfill', { dataset, from: slices[from], to: slices[to] });
    const id = answer?.id;
    if (id === undefined) return;
    if (this.#chance.happens(0.3)) await this.#stop('pause', 'resume', 'target', id);
    else if (this.#chance.happens(0.2)) await this.#ask('cancel-run', { run: id });
  }

  async #planAndApply(action: 'replay' | 'backfill', input: Readonly<Record<string, unknown>>) {
    const planned = await this.#ask(action, input);
    const plan = planned?.plan?.hash;
    return plan === undefined ? undefined : this.#ask('apply', { plan });
  }

  async #rerun(window: string | undefined): Promise<void> {
    if (window !== undefined) await this.#ask('rerun-adf', { source: 'source:stores', window });
  }

  async #cancel(): Promise<void> {
    const run = this.#world.runningRun();
    if (run !== undefined) await this.#ask('cancel-run', { run });
  }

  /** Until somebody answers; the same key each time. */
  async #ask(
    action: ActionName,
    input: Readonly<Record<string, unknown>>,
  ): Promise<ActionResult | undefined> {
    const key = `${this.#desk.name}-${this.#keys++}`;
    this.acts += 1;
    for (let sends = 1; sends <= SENDS_MAX; sends++) {
      const result = await this.#send(action, input, key);
      if (result !== 'no answer') {
        if (result !== undefined && this.#chance.happens(REPEAT_SHARE)) await this.#send(action, input, key);
        return result;
      }
      await this.#wait(this.#chance.int(...AGAIN_MS));
    }
    return undefined;
  }

  /** Undefined: it was refused. */
  async #send(
    action: ActionName,
    input: Readonly<Record<string, unknown>>,
    key: string,
  ): Promise<ActionResult | undefined | 'no answer'> {
    const actions = this.#world.actions();
    if (actions === undefined) return 'no answer';
    const principal = { id: this.#desk.name, role: 'operator' } as const;
    const asked = actions
      .perform(action, { input }, { principal, idempotencyKey: key }, new AbortController().signal)
      .catch((error: unknown) => {
        this.#world.onError(`${action} ${JSON.stringify(input)}`, error);
        return undefined;
      });
    const outcome = await Promise.race([asked, this.#wait(ANSWER_MS_MAX)]);
    if (outcome === undefined) return 'no answer';
    if (outcome.kind === 'refused') return isWorthRepeating(outcome) ? 'no answer' : undefined;
    this.#world.onAnswer({ action, input, idempotency: `${principal.id}:${key}`, result: outcome.result });
    return outcome.result;
  }

  #some(choices: readonly string[]): string | undefined {
    return choices.length === 0 ? undefined : this.#chance.pick(choices);
  }

  #wait(ms: number): Promise<undefined> {
    return new Promise((resolve) => this.#world.timeline.after(ms, () => resolve(undefined)));
  }
}

function isWorthRepeating(outcome: ActionOutcome & { kind: 'refused' }): boolean {
  return outcome.status === 503;
}
