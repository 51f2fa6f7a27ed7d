import type { Plan } from '@lakewarden/contracts';

const PLANS_MAX = 50;

/** Plans that were made or looked at, newest first; a plan never changes. */
export class PlansModel {
  readonly #plans = new Map<string, Plan>();

  add(plan: Plan): void {
    this.#plans.delete(plan.hash);
    this.#plans.set(plan.hash, plan);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > PLANS_MAX && oldest !== undefined) this.#plans.delete(oldest);
  }

  get(hash: string): Plan | undefined {
    return this.#plans.get(hash);
  }

  list(): readonly Plan[] {
    return [...this.#plans.values()].toReversed();
  }
}
