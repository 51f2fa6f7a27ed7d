import type { RunResult } from './world/world.ts';

/** The figures of many runs. */
export class Campaign {
  readonly #startedMs = performance.now();
  seeds = 0;
  violations = 0;
  #hours = 0;
  #events = 0;
  #commits = 0;
  #agents = 0;
  #zombies = 0;
  #acts = 0;
  readonly #counts = new Map<string, number>();

  add(result: RunResult): void {
    this.seeds += 1;
    if (result.violation !== undefined) this.violations += 1;
    this.#hours += result.hours;
    this.#events += result.events;
    this.#commits += result.commits;
    this.#agents += result.agents;
    this.#zombies += result.zombies;
    this.#acts += result.acts;
    for (const [name, value] of Object.entries(result.counts)) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + value);
    }
  }

  summary(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const counted = (name: string) => (this.#counts.get(name) ?? 0).toLocaleString('en');
    return [
      `${this.seeds} seeds (${(this.seeds / seconds).toFixed(1)}/s)`,
      `${this.#hours.toFixed(0)} virtual hours`,
      `${counted('ios')} I/Os`,
      `${this.#events.toLocaleString('en')} events`,
      `${this.#commits.toLocaleString('en')} commits`,
      `${counted('crashes')} crashes`,
      `${counted('lostAnswers')} lost answers`,
      `${counted('ghosts')} late writes`,
      `${counted('refusals')} refusals`,
      `${counted('stalls')} stalls`,
      `${this.#agents.toLocaleString('en')} agents, ${this.#zombies} of them outlived by a successor`,
      `${this.#acts.toLocaleString('en')} acts of operators`,
      `${this.violations} violations`,
    ].join(', ');
  }

  describe(result: RunResult): string {
    const { seed, hash, hours, events, commits, counts, agents, zombies, acts, violation } = result;
    const counted = Object.entries(counts).map(([name, value]) => `${value} ${name}`);
    const what = [
      `${hours.toFixed(2)} h`,
      `${events} events`,
      `${commits} commits`,
      `${agents} agents`,
      ...counted,
    ];
    return `seed ${seed}  trace ${hash}  ${what.join(', ')}, ${zombies} zombies, ${acts} acts\n${violation ?? 'no violation'}`;
  }
}
