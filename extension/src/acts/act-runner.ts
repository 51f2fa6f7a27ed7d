import { AgentError, AgentRefused, AgentUnreachable } from '@lakewarden/client';
import {
  ACTIONS,
  type ActionInput,
  type ActionName,
  type ActionResult,
  type Plan,
  parseTarget,
} from '@lakewarden/contracts';
import { plainText } from '../../shared/plain-text.ts';
import { hashText, plural, spanText } from '../../shared/words.ts';
import type { ModelLog } from '../models/model-ports.ts';
import type { NodeSubject } from '../tree/tree-node.ts';
import { type FillDeps, fillInput, givenBy } from './fill-input.ts';

/** What the person sees of an act; `editor-acts.ts` has the editor's. */
export interface ActView {
  /** While the agent is asked; ends with what is returned. */
  working<T>(title: string, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  done(message: string): void;
  /** The plan was made: it is shown, and applied when the person says so. */
  showPlan(plan: Plan): Promise<void>;
  /** Long work has begun; it is shown until its end, and can be cancelled. */
  follow(id: string, title: string): void;
  /** What happened and what to do about it; the person may take one of the offers. */
  refused(message: string, offers: readonly Offer[]): Promise<Offer | undefined>;
  signIn(): Promise<void>;
}
export type Offer = 'again' | 'signIn' | 'log';

export interface ActDeps extends FillDeps {
  readonly view: ActView;
  readonly log: ModelLog;
  readonly uuid: () => string;
}

const EFFECTS_SHOWN_MAX = 15;

/** Every action of the catalogue: asks what is missing, previews what is dangerous, acts once, says what came of it. */
export class ActRunner {
  readonly #deps: ActDeps;

  constructor(deps: ActDeps) {
    this.#deps = deps;
  }

  /** `input`: fields that are known already, over those of the subject. */
  async run(
    name: ActionName,
    subject: NodeSubject,
    input: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { view, log, t, uuid } = this.#deps;
    if (this.#deps.lake.client === undefined) {
      await this.#refuse(t('No agent is connected · connect to one first'), ['log']);
      return;
    }
    // One key for as long as the person means this act: a lost answer and a second try are the same act.
    const key = uuid();
    try {
      const filled = await fillInput(name, { ...givenBy(subject, name), ...input }, this.#deps);
      if (filled.kind === 'left') return;
      if (filled.kind === 'wrong') {
        await this.#refuse(`${name}: ${filled.problem}`, ['log']);
        return;
      }
      if (!(await this.#confirm(name, filled.input))) return;
      log.info(`act ${name} ${JSON.stringify(filled.input)} (key ${key})`);
      await this.#actUntilAnswered(name, filled.input, key);
    } catch (error) {
      if (isLeave(error)) return;
      if (!(error instanceof AgentError)) throw error;
      if ((await this.#refuse(wordsOf(error), offersOf(error))) === 'signIn') await view.signIn();
    }
  }

  async #actUntilAnswered(name: ActionName, input: ActionInput, key: string): Promise<void> {
    const { view, lake } = this.#deps;
    for (;;) {
      try {
        const result = await view.working(titleOf(name, input), async (signal) => {
          const { client } = lake;
          if (client === undefined) throw new LeftWithoutAgent();
          return await client.act(name, input, { idempotencyKey: key, signal });
        });
        return await this.#show(name, result);
      } catch (error) {
        if (!(error instanceof AgentUnreachable)) throw error;
        if ((await this.#refuse(wordsOf(error), ['again', 'log'])) !== 'again') return;
      }
    }
  }

  async #show(name: ActionName, result: ActionResult): Promise<void> {
    const { view, log, plans } = this.#deps;
    log.info(`${name}: ${result.outcome} · ${result.message}`);
    for (const effect of result.effects) log.info(`  ${effect}`);
    if (result.plan !== undefined) plans.add(result.plan);
    if (result.outcome === 'planned' && result.plan !== undefined) return await view.showPlan(result.plan);
    view.done(plainText(result.message));
    if (result.outcome === 'started' && result.id?.startsWith('backfill:') === true)
      view.follow(result.id, plainText(result.message));
  }

  /** True when nobody has to be asked, or the person said yes. Shows what would happen, as the agent says it. */
  async #confirm(name: ActionName, input: ActionInput): Promise<boolean> {
    const danger = dangerOf(name, input);
    if (danger === 'none') return true;
    const { ask, view, t, lake } = this.#deps;
    const preview = await view.working(titleOf(name, input), async (signal) => {
      const { client } = lake;
      if (client === undefined) throw new LeftWithoutAgent();
      return await client.act(name, input, { dryRun: true, signal });
    });
    const detail = this.#impact(name, input, preview);
    const subject = subjectOf(input);
    if (danger === 'confirm')
      return await ask.confirm(`${verbOf(name)} ${this.#nameOf(name, input)}?`, detail, verbOf(name));
    const typed = await ask.text(t('{0} Type {1} to go on.', detail.replaceAll('\n', ' '), subject), {
      placeholder: subject,
      problem: (text) => (text.trim() === subject ? undefined : t('Type {0}', subject)),
    });
    return typed?.trim() === subject;
  }

  #impact(name: ActionName, input: ActionInput, { message, effects, plan }: ActionResult): string {
    const known = plan ?? (name === 'apply' ? this.#planOf(input) : undefined);
    const shown = effects.slice(0, EFFECTS_SHOWN_MAX).map((effect) => `· ${plainText(effect)}`);
    const left = effects.length - shown.length;
    const cost = known === undefined ? [] : [planImpact(known)];
    return [plainText(message), ...cost, ...shown, ...(left > 0 ? [`· and ${left} more`] : [])].join('\n');
  }

  #planOf(input: ActionInput): Plan | undefined {
    const { plan = '' } = input as { readonly plan?: string };
    return this.#deps.plans.list().find(({ hash }) => hash.startsWith(plan));
  }

  #nameOf(name: ActionName, input: ActionInput): string {
    const plan = name === 'apply' ? this.#planOf(input) : undefined;
    return plan === undefined ? subjectOf(input) : `plan ${hashText(plan.hash)}`;
  }

  async #refuse(message: string, offers: readonly Offer[]): Promise<Offer | undefined> {
    this.#deps.log.warn(message);
    return await this.#deps.view.refused(plainText(message, 600), offers);
  }
}

/** The connection went away while the person was thinking; the state of the connection says why. */
class LeftWithoutAgent extends AgentError {
  override readonly name = 'LeftWithoutAgent';
  constructor() {
    super({
      what: 'the connection to the agent was lost',
      where: 'Lakewarden',
      remedy: 'try again when it is back',
    });
  }
}

/** What hits a whole layer is typed, whatever the catalogue asks at least. */
export function dangerOf(name: ActionName, input: ActionInput): 'none' | 'confirm' | 'typed' {
  const { danger } = ACTIONS[name] as { readonly danger: 'none' | 'confirm' | 'typed' };
  if (danger !== 'confirm') return danger;
  const kind = parseTarget((input as { readonly target?: string }).target ?? '')?.kind;
  return kind === 'all' || kind === 'layer' ? 'typed' : 'confirm';
}

/** What the agent's own words leave out: how long, on what, for how much. */
function planImpact({ downstream, estimateMs, costUsd, engine }: Plan): string {
  const then = downstream.length === 0 ? '' : ` and up to ${plural(downstream.length, 'slice')} downstream`;
  const cost = costUsd === 0 ? 'costs nothing' : `costs about ${costUsd.toFixed(2)} US dollars`;
  return `About ${spanText(estimateMs)} on ${engine}${then}; ${cost}.`;
}

function titleOf(name: ActionName, input: ActionInput): string {
  return `${name} ${subjectOf(input)}`.trim();
}

/** What is hit: the first thing that is named. */
function subjectOf(input: ActionInput): string {
  const first = Object.values(input)[0];
  const text = typeof first === 'string' ? first : '';
  return plainText(/^[0-9a-f]{24,}$/.test(text) ? hashText(text) : text, 80);
}

function verbOf(name: ActionName): string {
  const text = name.replaceAll('-', ' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function wordsOf(error: AgentError): string {
  return `${error.what} · ${error.remedy}`;
}

function offersOf(error: AgentError): readonly Offer[] {
  return error instanceof AgentRefused && error.problem.status === 401 ? ['signIn', 'log'] : ['log'];
}

function isLeave(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
