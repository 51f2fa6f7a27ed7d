import {
  type ControlEffect,
  durationMs,
  type Incident,
  type RunbookMode,
  type RunbookStep,
  SEVERITIES,
  type Signal,
} from '@lakewarden/contracts';
import type { RunbookHost, RunbookPreparation, RunbookRequest } from '../actions/action-host.ts';
import { DETECTION_LIMITS, type DetectionLimits } from '../observe/detector.ts';
import { factOf } from '../observe/effect-facts.ts';
import { nextIncidentState } from '../observe/incident-states.ts';
import { isWorkedOn } from '../observe/incidents.ts';
import type { Observation } from '../observe/observation.ts';
import type { RunbookExecution } from '../policy/control-state.ts';
import {
  type Advance,
  askForPlan,
  giveUp,
  isNoLongerNeeded,
  type Move,
  nextMove,
  stepMoved,
} from './advance.ts';
import { bindingsOf, bindText } from './bindings.ts';
import { executionId, isWorking, startedEffect, statesOf } from './execution.ts';
import { Flights } from './flights.ts';
import { mayStart } from './guardrails.ts';
import { findRunbook } from './match.ts';
import { prepareRun } from './prepare-run.ts';
import type { RecoveryDeps } from './recovery-deps.ts';
import { runStep } from './run-step.ts';
import type { LoadedRunbook } from './runbook-file.ts';

/** Of one execution in one pass; what is left comes with the next one. */
const MOVES_MAX = 60;

/**
 * Runs runbooks: reads the journal and the world, writes the next move, then acts. Everything that it must not forget is in
 * the control state; what it keeps itself only costs time when it is lost. One pass never waits for the world.
 */
export class Recovery implements RunbookHost {
  readonly #deps: RecoveryDeps;
  readonly #limits: DetectionLimits;
  readonly #flights = new Flights();
  /** By execution, since when something has been so. */
  readonly #since = new Map<string, Map<string, number>>();
  /** Incident → why its runbook does not start; noted once each. */
  readonly #waiting = new Map<string, string>();
  #observe: () => Observation;

  constructor(deps: RecoveryDeps & { readonly observe: () => Observation }) {
    this.#deps = deps;
    this.#limits = deps.limits ?? DETECTION_LIMITS;
    this.#observe = deps.observe;
  }

  /** One pass, every second or two and after each wake. `signals`: what the detectors see in this observation. */
  step(o: Observation, signals: readonly Signal[]): void {
    for (const { id } of [...this.#deps.control().executions.values()].filter(isWorking)) {
      this.#advance(id, o, signals);
    }
    for (const incident of this.#untouched()) this.#start(incident, this.#current(o), signals);
    this.#forget();
  }

  /** When all steps that are on their way now have been answered. */
  settled(): Promise<void> {
    return this.#flights.settled();
  }

  /** Tells all that is on its way to stop. The journal says where to go on. */
  close(): void {
    this.#flights.drop('');
  }

  prepare(request: RunbookRequest): RunbookPreparation {
    return prepareRun(this.#current(this.#observe()), this.#deps.runbooks(), request, this.#limits);
  }

  /** The next pass goes on with it: all that it needs stands in the control state. */
  carryOn(): void {
    this.#deps.stepSoon?.();
  }

  approve(): void {
    this.#deps.stepSoon?.();
  }

  reject(execution: string): void {
    this.#flights.drop(`${execution}/`);
  }

  /** Open, nobody looks after them, and no runbook has been tried. Worst first. */
  #untouched(): readonly Incident[] {
    const { incidents, executions } = this.#deps.control();
    const shadowed = new Set(
      [...executions.values()].flatMap(({ state, incident }) => (state === 'shadowed' ? [incident] : [])),
    );
    return [...incidents.values()]
      .filter(({ id, state, acknowledgedBy }) => state === 'open' && !acknowledgedBy && !shadowed.has(id))
      .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  }

  #start(incident: Incident, o: Observation, signals: readonly Signal[]): void {
    if (isWorkedOn(o.control, incident.id)) return;
    const signal = signals.find(({ cause }) => cause === incident.cause);
    const runbook = signal && findRunbook(this.#deps.runbooks().values(), signal);
    // Without its signal there is nothing to recover now: it ends by itself, or at its deadline.
    if (signal === undefined || runbook === undefined) return;
    const bindings = bindingsOf(o.pipeline, signal, incident.id);
    const permission = mayStart(o, { runbook, signal, bindings, isAutomatic: true }, this.#limits);
    if (permission.kind === 'go') this.#begin(incident, signal, runbook, o, signals);
    else if (permission.kind === 'wait') this.#wait(incident, runbook, permission.why);
    else this.#refuse(incident, runbook, permission.why);
  }

  #begin(
    incident: Incident,
    signal: Signal,
    runbook: LoadedRunbook,
    o: Observation,
    signals: readonly Signal[],
  ): void {
    const bindings = bindingsOf(o.pipeline, signal, incident.id);
    const mode: RunbookMode = this.#deps.modes?.[runbook.name] ?? runbook.mode;
    const id = executionId(runbook.name, incident.id, o.nowMs);
    const start = { id, runbook, mode, state: statesOf(mode), signal, incident: incident.id, bindings };
    const effects: ControlEffect[] = [startedEffect(start)];
    if (mode === 'suggest')
      effects.push({ type: 'IncidentNoted', incident: incident.id, note: suggestion(incident, runbook) });
    this.#note(effects, runbook);
    if (mode === 'approve') this.#call(runbook, incident.id, `${runbook.title}: waits for approval (${id})`);
    this.#advance(id, o, signals);
  }

  #refuse(incident: Incident, runbook: LoadedRunbook, why: string): void {
    const note = `runbook ${runbook.name} does not run: ${why}`;
    const to = nextIncidentState(incident.state, 'gave-up');
    this.#note([{ type: 'IncidentMoved', incident: incident.id, to, note }], runbook);
    this.#call(runbook, incident.id, `${runbook.escalate.message}: ${note}`);
  }

  #wait(incident: Incident, runbook: LoadedRunbook, why: string): void {
    if (this.#waiting.has(incident.id)) return;
    this.#waiting.set(incident.id, why);
    const note = `runbook ${runbook.name} waits: ${why}`;
    this.#note([{ type: 'IncidentNoted', incident: incident.id, note }], runbook);
  }

  #advance(id: string, seen: Observation, signals: readonly Signal[]): void {
    for (let moves = 0; moves < MOVES_MAX; moves++) {
      const execution = this.#deps.control().executions.get(id);
      if (execution === undefined || !isWorking(execution)) {
        this.#end(id);
        return;
      }
      const advance = this.#advanceOf(execution, this.#current(seen), signals);
      const move = nextMove(advance);
      const todo = move.kind === 'act' ? this.#act(advance, move) : move;
      if (todo === undefined || todo.kind !== 'note') return;
      this.#write(advance, todo);
    }
  }

  #advanceOf(execution: RunbookExecution, o: Observation, signals: readonly Signal[]): Advance {
    const runbook = this.#deps.runbooks().get(execution.runbook);
    const since = (what: string, isSo: boolean): number => {
      const times = this.#since.get(execution.id) ?? new Map<string, number>();
      this.#since.set(execution.id, times);
      if (!isSo) times.delete(what);
      const sinceMs = times.get(what) ?? o.nowMs;
      if (isSo) times.set(what, sinceMs);
      return sinceMs;
    };
    return { execution, runbook, o, signals, limits: this.#limits, since };
  }

  /** Sees to a running step: begins it, takes its answer, gives it up. Undefined: it is on its way. */
  #act(advance: Advance, move: Extract<Move, { kind: 'act' }>): Move | undefined {
    const { execution, runbook, o } = advance;
    const { step, isUndo, approvedPlan } = move;
    if (runbook === undefined) return undefined;
    if (step.action === 'notify' && !isUndo) return this.#notify(advance, step);
    if (step.action === 'reconcile' && !isUndo) {
      this.#deps.wake();
      return stepMoved(step, execution, 'done');
    }
    const key = `${execution.id}/${step.id}/${isUndo ? 'undo' : 'do'}`;
    const taken = this.#flights.take(key);
    if (taken !== undefined) return this.#landed(advance, move, key, taken);
    const firstMs = this.#flights.firstMs(key) ?? o.nowMs;
    if (o.nowMs - firstMs >= durationMs(step.timeout)) {
      this.#flights.drop(key);
      return this.#failed(advance, move, `no answer within ${step.timeout}`);
    }
    const call = { execution, runbook, step, isUndo, ...(approvedPlan !== undefined && { approvedPlan }) };
    this.#flights.begin(key, o.nowMs, async (signal) => {
      const outcome = await runStep(this.#deps, call, signal);
      this.#deps.stepSoon?.();
      return outcome;
    });
    return undefined;
  }

  #landed(
    advance: Advance,
    move: Extract<Move, { kind: 'act' }>,
    key: string,
    { outcome, attempts }: NonNullable<ReturnType<Flights['take']>>,
  ): Move | undefined {
    const { step, isUndo } = move;
    switch (outcome.kind) {
      case 'done':
        this.#flights.drop(key);
        return stepMoved(step, advance.execution, isUndo ? 'undone' : 'done', outcome.note);
      case 'too-large':
        this.#flights.drop(key);
        return askForPlan(advance.execution, step, outcome.note);
      case 'failed': {
        // A probe asks until its time is over: that is what it is for. Anything else is tried a few times (I8).
        const isLast = step.action !== 'probe' && attempts > step.retry.max;
        if (outcome.isFinal || isLast) {
          this.#flights.drop(key);
          return this.#failed(advance, move, outcome.note);
        }
        this.#flights.retryAt(key, advance.o.nowMs + durationMs(step.retry.backoff));
        return undefined;
      }
    }
  }

  #failed(advance: Advance, { step, isUndo }: Extract<Move, { kind: 'act' }>, note: string): Move {
    if (isUndo) return giveUp(advance, 'escalated', `step ${step.id} could not be undone: ${note}`);
    // What it was to mend ended meanwhile: a run that is cancelled has nothing to cancel any more.
    const isNeedless = isNoLongerNeeded(advance, step);
    return stepMoved(step, advance.execution, isNeedless ? 'skipped' : 'failed', note);
  }

  #notify({ execution, runbook }: Advance, step: RunbookStep): Move {
    const to = String(step.with.to ?? runbook?.escalate.to);
    const text = String(step.with.message);
    const message = bindText(text, execution.bindings) ?? text;
    this.#deps.emit({ type: 'PersonCalled', to, message, incident: execution.incident });
    return stepMoved(step, execution, 'done');
  }

  #write({ execution, runbook }: Advance, { effects, call }: Extract<Move, { kind: 'note' }>): void {
    this.#note(effects, runbook);
    if (call !== undefined && runbook !== undefined) this.#call(runbook, execution.incident, call);
  }

  #note(effects: readonly ControlEffect[], runbook: LoadedRunbook | undefined): void {
    const by = runbook && { actor: `runbook/${runbook.name}`, role: runbook.guardrails.role };
    this.#deps.note(effects, by);
    for (const effect of effects) {
      const fact = factOf(effect);
      if (fact !== undefined) this.#deps.emit(fact);
    }
  }

  #call(runbook: LoadedRunbook, incident: string | undefined, message: string): void {
    this.#deps.emit({ type: 'PersonCalled', to: runbook.escalate.to, message, incident });
  }

  #current(o: Observation): Observation {
    const control = this.#deps.control();
    return o.control === control ? o : { ...o, control };
  }

  #end(id: string): void {
    this.#flights.drop(`${id}/`);
    this.#since.delete(id);
  }

  #forget(): void {
    const { incidents, executions } = this.#deps.control();
    for (const id of this.#waiting.keys()) {
      const state = incidents.get(id)?.state;
      if (state !== 'open') this.#waiting.delete(id);
    }
    for (const id of this.#since.keys()) {
      const execution = executions.get(id);
      if (execution === undefined || !isWorking(execution)) this.#end(id);
    }
  }
}

function suggestion({ id }: Incident, { name, title }: LoadedRunbook): string {
  return `runbook ${name} could help (${title}): lakewarden runbook run ${name} --incident ${id}`;
}
