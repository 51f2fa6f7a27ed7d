import type { DataStore } from '../ports/data-files.ts';
import type { Hub } from '../ports/hub.ts';
import { BronzeJudge } from './bronze-judge.ts';
import { BuildJudge } from './build-judge.ts';
import { ControlJudge, type Told } from './control-judge.ts';
import { LoggedTable, parseEntry } from './delta-log.ts';

export interface Violation {
  readonly atMs: number;
  /** Begins with the invariant (DESIGN §6). */
  readonly what: string;
}

export interface CheckedWorld {
  readonly hubs: readonly Hub[];
  readonly lake: DataStore;
  /** What a batch window may hold, as JSON bodies: one or the other edition of it. */
  readonly windowBodies: (window: string) => readonly (readonly string[])[];
  readonly nowMs: () => number;
}

const CONTROL_LOG = '_lakewarden/control/log/';
const ENTRY = /^(.+)\/_delta_log\/(\d{20})\.json$/;

/**
 * The judge. It sees each log entry as it becomes durable, reads it with a parser of its own, looks into the data files
 * and compares with what the events say. Nothing of the product decides here.
 */
export class Checker {
  readonly violations: Violation[] = [];
  readonly #world: CheckedWorld;
  readonly #tables = new Map<string, LoggedTable>();
  readonly #bronze: BronzeJudge;
  readonly #builds: BuildJudge;
  readonly #control = new ControlJudge();
  #entries = 0;

  constructor(world: CheckedWorld) {
    this.#world = world;
    const table = (root: string) => this.#tables.get(root);
    this.#bronze = new BronzeJudge(world, table);
    this.#builds = new BuildJudge(world, table);
  }

  /** Log entries of all tables so far; it stands still when nothing is committed. */
  get entries(): number {
    return this.#entries;
  }

  onPut(path: string, body: Uint8Array, kind: 'created' | 'replaced'): void {
    if (path.startsWith(CONTROL_LOG)) {
      this.#addAll(this.#control.onPut(path, body, kind));
      return;
    }
    const [, root, digits] = ENTRY.exec(path) ?? [];
    if (root === undefined || digits === undefined) return;
    const version = Number(digits);
    if (kind === 'replaced') {
      this.add(`I4 version ${version} of ${root} was written a second time`);
      return;
    }
    this.#entries += 1;
    const table = this.#tables.get(root) ?? new LoggedTable(root);
    this.#tables.set(root, table);
    const commit = parseEntry(version, body);
    const problems = [...table.apply(commit)];
    for (const file of commit.adds) {
      const rows = this.#world.lake.get(`${root}/${file.path}`);
      if (rows?.length !== file.rows)
        problems.push(`I7 ${file.path} has ${rows?.length} rows, not ${file.rows}`);
    }
    if (problems.length === 0) {
      const judge = root.startsWith('bronze/') ? this.#bronze : this.#builds;
      problems.push(...judge.judge(table, commit), ...this.#control.onCommit(table, commit));
    }
    this.#addAll(problems.map((problem) => `${problem}  (${root})`));
  }

  /** Undefined: the lake holds all that it should. Else what is missing, and whom to ask why. */
  whatIsMissing(options: { readonly strict: boolean; readonly window: string }): string | undefined {
    return (
      this.#bronze.whatIsMissing(options.window) ??
      this.#builds.whatIsMissing(options.strict) ??
      this.#control.whatIsOpen()
    );
  }

  /** Acts of operators that stand in the control log. */
  get acts(): number {
    return this.#control.acts;
  }

  onTold(told: Told): void {
    this.#addAll(this.#control.onTold(told));
  }

  onLift(action: string, target: string): void {
    this.#control.onLift(action, target);
  }

  slicesOf(dataset: string): readonly string[] {
    return [...(this.#tables.get(dataset.replace('.', '/'))?.newest.keys() ?? [])];
  }

  #addAll(problems: readonly string[]): void {
    for (const problem of problems) this.add(problem);
  }

  add(what: string): void {
    this.violations.push({ atMs: this.#world.nowMs(), what });
  }
}
