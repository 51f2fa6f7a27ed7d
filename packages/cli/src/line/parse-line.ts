import { parseArgs } from 'node:util';
import { EXIT, Refusal } from '../exit.ts';
import { OptionError } from '../option-values.ts';
import { closest } from './closest.ts';
import { type ReadContext, readOption } from './read-option.ts';
import type { Line, Option, OptionValue, Verb } from './verb.ts';

/** What was asked for: a verb that can run, or help on one (on all without). Throws `Refusal(usage)`. */
export type Parsed =
  | { readonly kind: 'run'; readonly line: Line }
  | { readonly kind: 'help'; readonly verbs: readonly Verb[] | undefined };

export function parseLine(args: readonly string[], verbs: readonly Verb[], context: ReadContext): Parsed {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h') return { kind: 'help', verbs: undefined };
  if (first === 'help') {
    return { kind: 'help', verbs: rest.length === 0 ? undefined : helpFor(rest, verbs) };
  }
  if (first.startsWith('-')) throw usage(`the verb comes first, then "${first}"`);
  const { verb, left } = findVerb(args, verbs);
  const options = verb.options();
  const { values, positionals } = split(left, verb, options, verbs);
  if (values.help === true) return { kind: 'help', verbs: [verb] };
  return {
    kind: 'run',
    line: { verb, words: words(verb, positionals), values: read(values, options, verb, context) },
  };
}

function findVerb(args: readonly string[], verbs: readonly Verb[]): { verb: Verb; left: readonly string[] } {
  const [first = '', second = ''] = args;
  const both = verbs.find(({ name }) => name === `${first} ${second}`);
  if (both !== undefined) return { verb: both, left: args.slice(2) };
  const one = verbs.find(({ name }) => name === first);
  if (one !== undefined) return { verb: one, left: args.slice(1) };
  const family = verbs
    .filter(({ name }) => name.startsWith(`${first} `))
    .map(({ name }) => name.slice(first.length + 1));
  if (family.length > 0) {
    const what =
      second === '' || second.startsWith('-') ? `${first} what?` : `unknown verb "${first} ${second}"`;
    throw usage(`${what} · one of ${family.map((name) => `${first} ${name}`).join(', ')}`);
  }
  const near = closest(
    first,
    verbs.map(({ name }) => name),
  );
  throw usage(`unknown verb "${first}"${near === undefined ? '' : ` · did you mean "${near}"?`}`);
}

function helpFor(words: readonly string[], verbs: readonly Verb[]): readonly Verb[] {
  const name = words.join(' ');
  const found = verbs.filter((verb) => verb.name === name || verb.name.startsWith(`${name} `));
  return found.length > 0 ? found : [findVerb(words, verbs).verb];
}

function split(args: readonly string[], verb: Verb, options: readonly Option[], verbs: readonly Verb[]) {
  const known = options.map(
    ({ name, kind }) => [name, { type: kind === 'switch' ? 'boolean' : 'string' }] as const,
  );
  try {
    return parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, ...Object.fromEntries(known) },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usage(explain(error, args, verb, options, verbs), verb);
  }
}

function explain(
  error: TypeError,
  args: readonly string[],
  verb: Verb,
  options: readonly Option[],
  verbs: readonly Verb[],
): string {
  const names = options.map(({ name }) => name);
  const written = args.flatMap((arg) => /^--([^=]+)/.exec(arg)?.[1] ?? []);
  const unknown = written.find((name) => name !== 'help' && !names.includes(name));
  // The first sentence says what is wrong; node's further advice is about its own syntax.
  if (unknown === undefined) return error.message.split('. ')[0] ?? error.message;
  const elsewhere = verbs.some((other) => other.options().some(({ name }) => name === unknown));
  if (elsewhere) return `--${unknown} does not go with ${verb.name}`;
  const near = closest(unknown, names);
  return `unknown option --${unknown}${near === undefined ? '' : ` · did you mean --${near}?`}`;
}

function words(verb: Verb, written: readonly string[]): Readonly<Record<string, string>> {
  const { positionals, name } = verb;
  const last = positionals.length - 1;
  const isMany = positionals[last]?.many === true && written.length > positionals.length;
  const given = isMany ? [...written.slice(0, last), written.slice(last).join(' ')] : written;
  const extra = given[positionals.length];
  if (extra !== undefined) throw usage(`unexpected "${extra}" after ${name}`, verb);
  const missing = positionals.find(({ required }, index) => required && given[index] === undefined);
  if (missing !== undefined) {
    throw usage(
      `${name} needs <${missing.name}>${missing.about === undefined ? '' : ` · ${missing.about}`}`,
      verb,
    );
  }
  return Object.fromEntries(given.map((text, index) => [positionals[index]?.name ?? '', text]));
}

type Raw = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function read(
  raw: Raw,
  options: readonly Option[],
  verb: Verb,
  context: ReadContext,
): Record<string, OptionValue> {
  const values: Record<string, OptionValue> = {};
  for (const option of options) {
    const text = raw[option.name];
    if (text === undefined) {
      if (option.required !== true) continue;
      throw usage(`${verb.name} needs --${option.name} · ${option.about}`, verb);
    }
    try {
      values[option.name] = readOption(option, String(text), context);
    } catch (error) {
      throw error instanceof OptionError ? usage(error.message, verb) : error;
    }
  }
  return values;
}

export function usage(message: string, verb?: Verb): Refusal {
  return new Refusal(
    EXIT.usage,
    `${message} · see: lakewarden help${verb === undefined ? '' : ` ${verb.name}`}`,
  );
}
