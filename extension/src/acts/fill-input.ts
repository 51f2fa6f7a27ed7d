import { actionFields, type InputField } from '@lakewarden/client';
import {
  ACTIONS,
  type ActionInput,
  type ActionName,
  parseTarget,
  type SliceHealth,
} from '@lakewarden/contracts';
import { plainText } from '../../shared/plain-text.ts';
import { hashText } from '../../shared/words.ts';
import type { LakeModel } from '../models/lake-model.ts';
import type { PlansModel } from '../models/plans-model.ts';
import { backfillTarget } from '../tree/run-nodes.ts';
import type { NodeSubject } from '../tree/tree-node.ts';
import type { Ask, Choice, Translate } from './ask.ts';
import { askRange } from './slice-range.ts';

/** What is asked of a person for an act, and what of it is known already. */
export interface FillDeps {
  readonly ask: Ask;
  readonly t: Translate;
  readonly lake: LakeModel;
  readonly plans: PlansModel;
  readonly nowMs: () => number;
  /** The newest slices of a dataset, newest first. */
  slicesOf(dataset: string): Promise<readonly SliceHealth[]>;
}

type Given = Readonly<Record<string, string>>;

/** What a node says of the input of an action, by the names of its fields. */
export function givenBy(subject: NodeSubject, name: ActionName): Given {
  const { target, dataset, slice, source, window, run, incident, execution, runbook, dependency, plan } =
    subject;
  const sliceId = dataset !== undefined && slice !== undefined ? `${dataset}@${slice}` : undefined;
  const known: Readonly<Record<string, string | undefined>> = {
    target: name === 'run-runbook' ? undefined : target,
    dataset,
    slice: sliceId,
    source: source === undefined ? undefined : `source:${source}`,
    window,
    run,
    incident,
    execution,
    runbook: incident === undefined ? runbook : undefined,
    dependency,
    plan,
    from: subject.from,
    to: subject.to,
  };
  const fields = new Set(actionFields(name).map((field) => field.name));
  return Object.fromEntries(
    Object.entries(known).filter(
      (entry): entry is [string, string] => fields.has(entry[0]) && entry[1] !== undefined,
    ),
  );
}

export type Filled =
  | { readonly kind: 'filled'; readonly input: ActionInput }
  /** The person has left. */
  | { readonly kind: 'left' }
  | { readonly kind: 'wrong'; readonly problem: string };

/** Asks for what is not given yet, in the order of the contract, and checks all of it. */
export async function fillInput(name: ActionName, given: Given, deps: FillDeps): Promise<Filled> {
  const input: Record<string, string> = { ...given };
  const asked = { name, input, ...deps };
  for (const field of actionFields(name)) {
    if (input[field.name] !== undefined) continue;
    const answer = await askField(field, asked);
    if (answer === 'left') return { kind: 'left' };
    Object.assign(input, answer);
  }
  const checked = ACTIONS[name].input.safeParse(input);
  if (checked.success) return { kind: 'filled', input: input as ActionInput };
  const [issue] = checked.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return { kind: 'wrong', problem: `${field} ${input[field] ?? ''} · ${issue?.message ?? ''}`.trim() };
}

interface Asked extends FillDeps {
  readonly name: ActionName;
  readonly input: Readonly<Record<string, string>>;
}
type Answer = Readonly<Record<string, string>> | 'left';

const NOTHING: Answer = {};

async function askField(field: InputField, asked: Asked): Promise<Answer> {
  const { name, input, t } = asked;
  switch (field.name) {
    case 'from':
      return askFromTo(asked);
    case 'to':
      // Asked with `from`.
      return NOTHING;
    case 'reason':
      return askReason(asked);
    case 'until':
      return askUntil(asked);
    case 'target':
      if (name === 'run-runbook' && input.incident !== undefined) return NOTHING;
      return askChoice(field, asked, targetChoices(asked), t('Which one?'));
    default:
      return askChoice(field, asked, choicesOf(field, asked), questionOf(field, asked));
  }
}

/** A list to choose from where there is one, a text where there is none; nothing where it is optional and unknown. */
async function askChoice(
  { name, required, choices }: InputField,
  { ask, t, name: action }: Asked,
  known: readonly Choice<string>[],
  question: string,
): Promise<Answer> {
  if (choices === undefined && known.length === 0) {
    if (!required) return NOTHING;
    const text = await ask.text(question, { problem: (written) => problemOf(action, name, written) });
    return text === undefined ? 'left' : { [name]: text };
  }
  const none: readonly Choice<string>[] =
    required || choices !== undefined ? [] : [{ label: t('None'), value: '' }];
  const chosen = await ask.pick(question, [...known, ...none]);
  if (chosen === undefined) return 'left';
  return chosen === '' ? NOTHING : { [name]: chosen };
}

function problemOf(action: ActionName, field: string, text: string): string | undefined {
  const shape = ACTIONS[action].input.shape as Readonly<
    Record<
      string,
      { safeParse(value: unknown): { success: boolean; error?: { issues: readonly { message: string }[] } } }
    >
  >;
  const checked = shape[field]?.safeParse(text);
  return checked === undefined || checked.success ? undefined : (checked.error?.issues[0]?.message ?? '');
}

function questionOf({ name, description }: InputField, { name: action, t }: Asked): string {
  const questions: Readonly<Record<string, string>> = {
    as: t('What do readers get?'),
    only: t('Which of them are built?'),
    dataset: t('Which dataset?'),
    slice: t('Which slice?'),
    incident: t('For which incident?'),
    execution: t('Which execution?'),
    runbook: t('Which runbook?'),
    dependency: t('Which dependency?'),
    source: t('Which source?'),
    window: t('Which window?'),
    run: t('What is cancelled?'),
    plan: t('Which plan?'),
  };
  return questions[name] ?? description ?? `${action}: ${name}`;
}

function choicesOf({ name, choices }: InputField, { lake, plans, t }: Asked): readonly Choice<string>[] {
  switch (name) {
    case 'as':
      return [
        { label: t('As it is'), description: 'as-is', value: 'as-is' },
        { label: t('Empty'), description: 'empty', value: 'empty' },
      ];
    case 'only':
      return [
        { label: t('All of them'), description: 'all', value: 'all' },
        { label: t('Only those that are not fresh'), description: 'stale', value: 'stale' },
      ];
    case 'dataset':
      return datasetChoices(lake);
    case 'source':
      return [...lake.sources.values()].map(({ source, state }) => ({
        label: source,
        description: state,
        value: `source:${source}`,
      }));
    case 'incident':
      return lake.incidents
        .filter(({ state }) => state !== 'resolved')
        .map(({ id, title, state }) => ({
          label: plainText(title, 80),
          description: `${id} · ${state}`,
          value: id,
        }));
    case 'execution':
      return lake.executions
        .filter(({ state }) => state === 'waiting-approval')
        .map(({ id, runbook }) => ({ label: plainText(runbook), description: id, value: id }));
    case 'runbook':
      return lake.runbooks.map((each) => ({
        label: each.name,
        description: each.mode,
        detail: plainText(each.title),
        value: each.name,
      }));
    case 'dependency':
      return [...lake.breakers.values()].map(({ dependency, state }) => ({
        label: dependency,
        description: state,
        value: dependency,
      }));
    case 'run':
      return [
        ...lake.backfills
          .filter(({ state }) => state === 'running' || state === 'paused')
          .map(({ id, title, state }) => ({
            label: plainText(title),
            description: state,
            value: backfillTarget(id),
          })),
        ...lake.runs
          .filter(({ state }) => state === 'running')
          .map(({ id, dataset }) => ({ label: `run ${id.slice(0, 8)}`, description: dataset, value: id })),
      ];
    case 'plan':
      return plans.list().map(({ hash, title }) => ({
        label: `${hashText(hash)}  ${plainText(title, 100)}`,
        value: hash,
      }));
    default:
      return (choices ?? []).map((choice) => ({ label: choice, value: choice }));
  }
}

function datasetChoices(lake: LakeModel): readonly Choice<string>[] {
  return [...lake.datasets.values()]
    .map(({ name, state }) => ({ label: name, description: state, value: name }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** What the action takes of what there is: datasets, sources, layers, backfills. */
function targetChoices({ name, lake }: Asked): readonly Choice<string>[] {
  const all: readonly Choice<string>[] = [
    ...lake.backfills
      .filter(({ state }) => state === 'running' || state === 'paused')
      .map(({ id, title, state }) => ({
        label: plainText(title),
        description: state,
        value: backfillTarget(id),
      })),
    ...datasetChoices(lake),
    ...[...lake.sources.values()].map(({ source, state }) => ({
      label: `source:${source}`,
      description: state,
      value: `source:${source}`,
    })),
    ...['gold', 'silver', 'bronze', 'all'].map((layer) => ({ label: layer, value: layer })),
  ];
  return all.filter(({ value }) => problemOf(name, 'target', value) === undefined);
}

async function askFromTo({ name, input, ask, t, lake, slicesOf }: Asked): Promise<Answer> {
  const text = input.dataset ?? input.target ?? '';
  const target = parseTarget(text);
  // One slice is its own range.
  if (target?.kind === 'slice' && name === 'replay') return NOTHING;
  const dataset = target?.kind === 'source' ? (lake.sources.get(target.source)?.dataset ?? text) : text;
  const range = await askRange(dataset, await slicesOf(dataset), ask, t);
  return range === undefined ? 'left' : { from: range.from, to: range.to };
}

const REASON_CHARS_MIN = 3;

async function askReason({ name, input, ask, t }: Asked): Promise<Answer> {
  const about = input.target ?? input.slice ?? input.execution ?? '';
  const reason = await ask.text(t('Why {0} {1}? It stands in the audit.', name, about), {
    placeholder: t('A reason, for whoever comes after you'),
    problem: (text) =>
      text.trim().length < REASON_CHARS_MIN ? t('At least {0} characters', REASON_CHARS_MIN) : undefined,
  });
  return reason === undefined ? 'left' : { reason: reason.trim() };
}

const HOUR_MS = 60 * 60 * 1_000;

async function askUntil({ ask, t, nowMs }: Asked): Promise<Answer> {
  const in_ = (label: string, hours: number): Choice<string> => {
    const at = new Date(nowMs() + hours * HOUR_MS).toISOString();
    return { label, description: at.slice(0, 16).replace('T', ' '), value: at };
  };
  const chosen = await ask.pick(t('Until when?'), [
    in_(t('1 hour'), 1),
    in_(t('8 hours'), 8),
    in_(t('1 day'), 24),
    in_(t('7 days'), 7 * 24),
    { label: t('Until somebody takes it away'), value: '' },
  ]);
  if (chosen === undefined) return 'left';
  return chosen === '' ? NOTHING : { until: chosen };
}
