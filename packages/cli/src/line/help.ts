import type { Option, Verb, VerbGroup } from './verb.ts';

const GROUPS: Readonly<Record<VerbGroup, string>> = {
  lake: 'the lake on this machine',
  look: 'look',
  act: 'act (each stands in the audit)',
  recover: 'recovery',
  help: 'help',
};

const ENDING = `Datasets are layer.name, slices layer.name@key, sources source:name, backfills backfill:id. Times are UTC.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused (rights, guard, the world moved), 4 not reachable.
More on one: lakewarden help <verb>`;

const NAME_WIDTH = 38;

/** All verbs, a line each, by what they are for. */
export function usageLines(verbs: readonly Verb[]): readonly string[] {
  const groups = Object.entries(GROUPS).map(([group, title]) => {
    const lines = verbs
      .filter((verb) => verb.group === group)
      .map((verb) => `  ${synopsis(verb).padEnd(NAME_WIDTH)} ${verb.summary}`);
    return lines.length === 0 ? [] : [`${title}:`, ...lines, ''];
  });
  return ['lakewarden: keeps a medallion lake on Azure alive', '', ...groups.flat(), ENDING];
}

/** One verb with everything that it takes. */
export function verbHelpLines(verb: Verb): readonly string[] {
  const options = verb.options().map((option) => [optionText(option), aboutText(option)] as const);
  const words = verb.positionals.map(({ name, about = '' }) => [`<${name}>`, about] as const);
  const told = [...words.filter(([, about]) => about !== ''), ...options];
  const width = Math.max(0, ...told.map(([text]) => text.length));
  return [
    `lakewarden ${synopsis(verb)}`,
    `  ${verb.summary}`,
    ...(told.length > 0 ? ['', ...told.map(([text, about]) => `  ${text.padEnd(width)}  ${about}`)] : []),
    ...(verb.notes === undefined ? [] : ['', ...verb.notes.map((note) => `  ${note}`)]),
  ];
}

function synopsis({ name, positionals }: Verb): string {
  return [
    name,
    ...positionals.map(({ name: word, required, many }) => {
      const text = many === true ? `${word} …` : word;
      return required ? `<${text}>` : `[${text}]`;
    }),
  ].join(' ');
}

const PLACEHOLDER: Readonly<Record<Option['kind'], string>> = {
  switch: '',
  text: 'TEXT',
  choice: '',
  number: 'N',
  count: 'N',
  day: 'YYYY-MM-DD',
  duration: '5m',
  time: '2h',
  path: 'PATH',
};

function optionText({ name, kind, placeholder, choices = [] }: Option): string {
  const value = placeholder ?? (kind === 'choice' ? choices.join('|') : PLACEHOLDER[kind]);
  return value === '' ? `--${name}` : `--${name} ${value}`;
}

function aboutText({ about, required }: Option): string {
  return required === true ? `${about} (needed)` : about;
}
