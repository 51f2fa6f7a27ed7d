import { actionFields, type InputField } from '@lakewarden/client';
import { ACTION_NAMES, ACTIONS, type ActionName } from '@lakewarden/contracts';
import { AGENT, JSON_OUT } from '../line/common-options.ts';
import type { Option, OptionKind, Positional, Verb, VerbGroup } from '../line/verb.ts';

/** Every action of the catalogue is a verb; none is written by hand. */
export function actionVerbs(): readonly Verb[] {
  return ACTION_NAMES.map((name) => actionVerb(name));
}

export function actionVerb(
  action: ActionName,
  as: { readonly name?: string; readonly group?: VerbGroup; readonly summary?: string } = {},
): Verb {
  const { summary, positional, role, danger } = ACTIONS[action];
  return {
    name: action,
    group: 'act',
    summary,
    positionals: positional.map((name) => positionalOf(action, name)),
    options: () => optionsOf(action),
    action,
    notes: [`For the role ${role}${danger === 'none' ? '' : '; asks before it acts'}.`],
    run: async (line, world) => (await import('./act.ts')).runAction(action, line, world),
    ...as,
  };
}

function positionalOf(action: ActionName, name: string): Positional {
  const shape = ACTIONS[action].input.shape as Readonly<Record<string, Shaped>>;
  const schema = shape[name];
  const about = schema?.description;
  return {
    name,
    required: schema?.safeParse(undefined).success !== true,
    ...(about !== undefined && { about }),
  };
}

interface Shaped {
  readonly description?: string | undefined;
  safeParse(value: unknown): { readonly success: boolean };
}

function optionsOf(action: ActionName): readonly Option[] {
  const { positional, plans, danger } = ACTIONS[action];
  const fields = actionFields(action).filter(({ name }) => !(positional as readonly string[]).includes(name));
  return [
    ...fields.map(fieldOption),
    ...(plans ? [APPLY] : []),
    { name: 'dry-run', kind: 'switch', about: 'say what would happen and change nothing' },
    ...(danger === 'confirm' ? [YES] : []),
    ...(danger === 'typed' ? [CONFIRM] : []),
    KEY,
    JSON_OUT,
    ...AGENT,
  ];
}

const APPLY: Option = {
  name: 'apply',
  kind: 'switch',
  about: 'carry the plan out at once, after showing it',
};
const YES: Option = { name: 'yes', kind: 'switch', about: 'do not ask' };
const CONFIRM: Option = {
  name: 'confirm',
  kind: 'text',
  placeholder: 'NAME',
  about: 'the name of what it hits, instead of typing it',
};
const KEY: Option = {
  name: 'key',
  kind: 'text',
  placeholder: 'KEY',
  about: 'idempotency key: the same key again is the same act',
};

const KINDS: Readonly<Record<InputField['kind'], OptionKind>> = {
  text: 'text',
  time: 'time',
  number: 'number',
  choice: 'choice',
};

/** Of fields whose name says it all to a programmer. */
const ABOUT: Readonly<Record<string, string>> = {
  cursor: 'Go on behind it; the answer before named it.',
  limit: 'At most so many.',
  as: 'What readers get.',
  of: 'Which rows.',
  incident: 'The incident that it is run for.',
  slice: 'Key of a slice, such as 2011-11-11.',
  layer: 'Of one layer.',
  state: 'In one state.',
  dataset: 'Of one dataset.',
  depth: 'Steps from the focus.',
  level: 'Datasets, or their slices.',
};

/** An option for a field of a contract. */
export function fieldOption(field: InputField): Option {
  const { name, kind, required, choices } = field;
  const description = field.description ?? ABOUT[name] ?? '';
  const about = [
    description,
    ...(kind === 'time' ? ['A duration such as 2h or 7d does too.'] : []),
    ...(field.default === undefined ? [] : [`(default ${field.default})`]),
  ];
  return {
    name: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    kind: KINDS[kind],
    required,
    ...(choices !== undefined && { choices }),
    about: about.filter((text) => text !== '').join(' '),
  };
}
