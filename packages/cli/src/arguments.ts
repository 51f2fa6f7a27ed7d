import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, Refusal } from './exit.ts';
import { countOf, dateOf, durationOf, OptionError } from './option-values.ts';

export type Command =
  | ({ readonly verb: 'up' } & UpOptions)
  | { readonly verb: 'status'; readonly lake: string; readonly json: boolean }
  | { readonly verb: 'tables'; readonly lake: string; readonly json: boolean }
  | { readonly verb: 'query'; readonly lake: string; readonly json: boolean; readonly sql: string }
  | { readonly verb: 'help' };

export interface UpOptions {
  readonly lake: string;
  readonly once: boolean;
  readonly json: boolean;
  /** Folder with real files; undefined: generated data. */
  readonly data: string | undefined;
  readonly asOf: string | undefined;
  /** First rows of each hub only; of generated data, about how many order lines there are. */
  readonly rows: number | undefined;
  readonly seed: number | undefined;
  readonly pipeline: string | undefined;
  readonly drainEveryMs: number | undefined;
}

export const USAGE = `lakewarden: keeps a medallion lake on Azure alive

  lakewarden up [--once] [--data DIR] [--lake DIR] [--json]    local Azure, sources and agent; stays up without --once
       --as-of YYYY-MM-DD    the one window of every batch source (default 2011-12-10 with --data)
       --rows N              only the first N rows of each hub; without --data: about N order lines are generated
       --seed N              seed of the generated data (without --data)
       --pipeline FILE       another pipeline file
       --drain-every 5m      how often the hubs are drained (s, m, h)
  lakewarden status [--lake DIR] [--json]                      health by layer
  lakewarden tables [--lake DIR] [--json]                      every table: rows, version, where it lies
  lakewarden query "SQL" [--lake DIR] [--json]                 reads tables as layer.name, such as gold.daily_sales

All state lies in --lake (default .lakewarden). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 not reachable.`;

const OPTIONS = {
  lake: { type: 'string' },
  once: { type: 'boolean' },
  json: { type: 'boolean' },
  data: { type: 'string' },
  'as-of': { type: 'string' },
  rows: { type: 'string' },
  seed: { type: 'string' },
  pipeline: { type: 'string' },
  'drain-every': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type OptionName = keyof typeof OPTIONS;

const ALLOWED: Record<'up' | 'status' | 'tables' | 'query', readonly OptionName[]> = {
  up: ['lake', 'once', 'json', 'data', 'as-of', 'rows', 'seed', 'pipeline', 'drain-every'],
  status: ['lake', 'json'],
  tables: ['lake', 'json'],
  query: ['lake', 'json'],
};

/** `cwd`: folder that relative paths are meant from. Throws `Refusal(usage)`. */
export function parseCommand(args: readonly string[], cwd: string): Command {
  const { values, positionals } = parse(args);
  const [verb, ...rest] = positionals;
  if (values.help === true || verb === undefined || verb === 'help') return { verb: 'help' };
  if (!isVerb(verb)) throw usage(`unknown verb "${verb}" · one of ${Object.keys(ALLOWED).join(', ')}`);
  for (const name of Object.keys(values) as OptionName[]) {
    if (!ALLOWED[verb].includes(name)) throw usage(`--${name} does not go with ${verb}`);
  }
  const lake = resolve(cwd, values.lake ?? '.lakewarden');
  const json = values.json ?? false;
  if (verb === 'query') {
    const [sql, ...more] = rest;
    if (sql === undefined || more.length > 0) throw usage('query takes one SQL text · put it in quotes');
    return { verb, lake, json, sql };
  }
  if (values.data !== undefined && values.seed !== undefined)
    throw usage('--seed is for generated data and does not go with --data');
  if (rest.length > 0) throw usage(`unexpected "${rest[0]}" after ${verb}`);
  if (verb !== 'up') return { verb, lake, json };
  return {
    verb,
    lake,
    json,
    once: values.once ?? false,
    data: values.data === undefined ? undefined : resolve(cwd, values.data),
    asOf: option(() => dateOf('as-of', values['as-of'])),
    rows: option(() => countOf('rows', values.rows)),
    seed: option(() => countOf('seed', values.seed)),
    pipeline: values.pipeline === undefined ? undefined : resolve(cwd, values.pipeline),
    drainEveryMs: option(() => durationOf('drain-every', values['drain-every'])),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    // The first sentence says what is wrong; node's further advice is about its own syntax.
    throw usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function option<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof OptionError ? usage(error.message) : error;
  }
}

function isVerb(verb: string): verb is keyof typeof ALLOWED {
  return Object.hasOwn(ALLOWED, verb);
}

function usage(message: string): Refusal {
  return new Refusal(EXIT.usage, `${message} · see: lakewarden help`);
}
