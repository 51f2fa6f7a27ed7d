import { canonicalJson } from '@lakewarden/compute';
import {
  ACTIONS,
  type ActionArguments,
  type ActionContract,
  type ActionName,
  type ActionResult,
  type AuditEntry,
  isActionName,
  mayAct,
  type Principal,
  TransientError,
} from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { type EmitFact, reasonOf } from '../facts.ts';
import type { ControlLog } from '../policy/control-log.ts';
import type { Decide } from '../policy/control-queue.ts';
import type { ControlState, PastAct } from '../policy/control-state.ts';
import type { Clock, Random } from '../ports.ts';
import {
  type ActionContext,
  type Afterwards,
  type DecideAction,
  type Decision,
  type Refused,
  refuse,
} from './action.ts';
import type { ActionCode, ActionHost, ActionProblem } from './action-host.ts';
import { forbidden, readInput, readKey, unavailable, unknownAction } from './check-request.ts';
import { DEFINITIONS } from './definitions.ts';
import { createPlanStore, type PlanStore } from './plan-store.ts';
import { bounded, ok, rehearse } from './results.ts';

export interface ActionsDeps {
  readonly log: ControlLog;
  readonly host: ActionHost;
  readonly storage: LakeStorage;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly emit: EmitFact;
}

export interface ActionRequest {
  /** As it came: nothing of it is trusted. */
  readonly input: unknown;
  /** Says what would happen and changes nothing. */
  readonly dryRun?: boolean;
}

export interface Caller {
  readonly principal: Principal;
  /** The same key with the same input is the same act, also after a restart (I6). */
  readonly idempotencyKey?: string | undefined;
}

export type ActionOutcome = { readonly kind: 'ok'; readonly result: ActionResult } | ActionRefusal;

export interface ActionRefusal extends ActionProblem {
  readonly kind: 'refused';
  /** As HTTP says it. */
  readonly status: 403 | 404 | 409 | 422 | 503;
}

export interface Actions {
  /**
   * The one way in: checks the input, the right and the key, decides, writes the audit entry, and only then acts.
   *
   * @throws TerminalError when the lake is broken or forbids writing
   */
  perform(name: string, request: ActionRequest, caller: Caller, signal: AbortSignal): Promise<ActionOutcome>;
  readonly plans: PlanStore;
}

const STATUS: Readonly<Record<ActionCode, ActionRefusal['status']>> = {
  'unknown-action': 404,
  invalid: 422,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  frozen: 409,
  moved: 409,
  expired: 409,
  'key-reused': 409,
  unavailable: 503,
};

/** Acts whose effects outside the control state are known to be done; of others they are done again. */
const FINISHED_MAX = 10_000;

export function createActions(deps: ActionsDeps): Actions {
  const performer = new Performer(deps);
  return {
    plans: performer.plans,
    perform: (name, request, caller, signal) => performer.perform(name, request, caller, signal),
  };
}

/** What a decision came to in the log. */
type Settled =
  | { readonly kind: 'decided'; readonly decision: Exclude<Decision, { kind: 'act' }> }
  /** This key was used for the same before. `afterwards`: of what it would be now. */
  | { readonly kind: 'repeated'; readonly past: PastAct; readonly afterwards: Afterwards | undefined };

interface Asked {
  readonly name: ActionName;
  readonly input: Readonly<Record<string, unknown>>;
  readonly principal: Principal;
  /** `<actor>:<key>`. */
  readonly idempotency: string | undefined;
  readonly decide: DecideAction;
}

class Performer {
  readonly plans: PlanStore;
  readonly #deps: ActionsDeps;
  readonly #finished = new Set<number>();

  constructor(deps: ActionsDeps) {
    this.#deps = deps;
    this.plans = createPlanStore(deps.storage);
  }

  async perform(
    name: string,
    request: ActionRequest,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<ActionOutcome> {
    const { principal } = caller;
    const outcome = await this.#checked(name, request, caller, signal);
    const action = isActionName(name) ? name : 'unknown';
    if ('problem' in outcome) {
      const { code } = outcome.problem;
      this.#deps.emit({ type: 'ActionRefused', action, actor: principal.id, code });
      return { kind: 'refused', ...outcome.problem, status: STATUS[code] };
    }
    if (request.dryRun !== true) {
      const { audit, outcome: what } = outcome.result;
      const fact = { action, actor: principal.id, outcome: what, ...(audit !== undefined && { audit }) };
      this.#deps.emit({ type: 'ActionPerformed', ...fact });
    }
    return outcome;
  }

  async #checked(
    name: string,
    { input: raw, dryRun = false }: ActionRequest,
    { principal, idempotencyKey }: Caller,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'ok'; readonly result: ActionResult } | Refused> {
    if (!isActionName(name)) return unknownAction(name);
    const contract: ActionContract = ACTIONS[name];
    const read = readInput(name, contract, raw);
    if (read.kind === 'refused') return read;
    if (!mayAct(principal.role, contract.role)) return forbidden(name, contract, principal);
    const key = readKey(idempotencyKey);
    if (key.kind === 'refused') return key;
    try {
      const decide = await this.#definition(name, read.input, principal, signal);
      if (dryRun) return rehearse(name, decide(this.#deps.log.state));
      if (contract.plans) return await this.#plan(name, decide(this.#deps.log.state), signal);
      const idempotency = key.key === undefined ? undefined : `${principal.id}:${key.key}`;
      return await this.#act({ name, input: read.input, principal, idempotency, decide }, signal);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      return unavailable(name, error);
    }
  }

  #definition(
    name: ActionName,
    input: Readonly<Record<string, unknown>>,
    caller: Principal,
    signal: AbortSignal,
  ): DecideAction | Promise<DecideAction> {
    const { host, clock, random } = this.#deps;
    const context: ActionContext = {
      seen: host.observe(),
      nowMs: clock.now(),
      host,
      plans: this.plans,
      caller,
      newId: () => random.uuid(),
    };
    // `input` was read by the schema of this very action.
    return DEFINITIONS[name](input as ActionArguments<never>, context, signal);
  }

  async #plan(name: ActionName, decision: Decision, signal: AbortSignal) {
    if (decision.kind !== 'planned') return rehearse(name, decision);
    await this.plans.put(decision.plan, signal);
    const { plan, message, lines } = decision;
    return ok({ action: name, outcome: 'planned', message, effects: bounded(lines), plan });
  }

  async #act(asked: Asked, signal: AbortSignal) {
    // The newest decision is the one that was written.
    let acted: Extract<Decision, { kind: 'act' }> | undefined;
    const decide: Decide<Settled> = (state) => {
      const past = asked.idempotency === undefined ? undefined : state.acts.get(asked.idempotency);
      if (past !== undefined) return { kind: 'leave', outcome: this.#repeat(asked, past, state) };
      const decision = asked.decide(state);
      if (decision.kind !== 'act') return { kind: 'leave', outcome: { kind: 'decided', decision } };
      acted = decision;
      const { name: action, input, idempotency, principal } = asked;
      const entry = { action, input, effects: decision.effects, actor: principal.id, role: principal.role };
      return { kind: 'write', entry: { ...entry, ...(idempotency && { idempotency }) } };
    };
    const settled = await this.#deps.log.act(decide, signal);
    if (settled.kind === 'left') return this.#left(asked.name, settled.outcome, signal);
    if (acted === undefined) throw new Error('an act was written that nobody decided');
    return this.#done(asked.name, acted, settled.entry, signal);
  }

  #repeat({ name, input, decide }: Asked, past: PastAct, state: ControlState): Settled {
    if (past.action !== name || past.input !== canonicalJson(input)) {
      const message = `this idempotency key was used for another request (${past.action}, audit ${past.seq})`;
      return { kind: 'decided', decision: refuse('key-reused', message, 'Use a new key for a new act.') };
    }
    const isFinished = this.#finished.has(past.seq);
    const decision = isFinished ? undefined : decide(state);
    const afterwards = decision && 'afterwards' in decision ? decision.afterwards : undefined;
    return { kind: 'repeated', past, afterwards };
  }

  async #left(name: ActionName, settled: Settled, signal: AbortSignal) {
    if (settled.kind === 'repeated') {
      const { past, afterwards } = settled;
      const problem = await this.#finish(name, past.seq, afterwards, signal);
      if (typeof problem === 'object') return problem;
      const message = `this was done before (audit ${past.seq})`;
      const id = past.id === undefined ? {} : { id: past.id };
      return ok({ action: name, outcome: 'unchanged', message, effects: [], audit: past.seq, ...id });
    }
    const { decision } = settled;
    if (decision.kind !== 'unchanged') return rehearse(name, decision);
    const answer = await this.#finish(name, undefined, decision.afterwards, signal);
    return typeof answer === 'object' ? answer : rehearse(name, decision);
  }

  async #done(
    name: ActionName,
    { message, lines, started, id, afterwards }: Extract<Decision, { kind: 'act' }>,
    { seq }: AuditEntry,
    signal: AbortSignal,
  ) {
    const answer = await this.#finish(name, seq, afterwards, signal);
    if (typeof answer === 'object') return answer;
    const about = started ?? id;
    return ok({
      action: name,
      outcome: started === undefined ? 'done' : 'started',
      message: answer === undefined ? message : `${message}; ${answer}`,
      effects: bounded(lines),
      audit: seq,
      ...(about !== undefined && { id: about }),
    });
  }

  /** Its words; or why it must be done again, which the same request does. */
  async #finish(
    name: ActionName,
    seq: number | undefined,
    afterwards: Afterwards | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined | Refused> {
    try {
      const answer = await afterwards?.(signal);
      if (seq !== undefined) this.#remember(seq);
      return answer;
    } catch (error) {
      const audit = seq === undefined ? {} : { audit: seq };
      this.#deps.emit({ type: 'ActionUnfinished', action: name, ...audit, reason: reasonOf(error) });
      if (!(error instanceof TransientError)) throw error;
      const where = seq === undefined ? 'it holds' : `it is written (audit ${seq}) and holds`;
      return refuse(
        'unavailable',
        `${name}: ${where}, but not all that it does was answered: ${reasonOf(error)}`,
        'Send the same request again, with the same idempotency key: what is missing is done, nothing twice.',
      );
    }
  }

  #remember(seq: number): void {
    this.#finished.add(seq);
    const [oldest] = this.#finished;
    if (this.#finished.size > FINISHED_MAX && oldest !== undefined) this.#finished.delete(oldest);
  }
}
