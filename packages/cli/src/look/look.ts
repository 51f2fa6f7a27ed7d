import { type ItemOf, type PagedQueryName, queryFields } from '@lakewarden/client';
import { QUERIES, type QueryInput, type QueryName, type QueryResult } from '@lakewarden/contracts';
import { fieldOption } from '../act/action-verbs.ts';
import type { OpenAgent } from '../agent/open-client.ts';
import { withAgent } from '../agent/with-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { AGENT, JSON_OUT, WATCH } from '../line/common-options.ts';
import { usage } from '../line/parse-line.ts';
import { isSet, type Line, type Option, type Positional, type Verb, type VerbGroup } from '../line/verb.ts';
import { plainText } from '../plain-text.ts';
import type { World } from '../world.ts';
import type { View } from './view.ts';

/** How one query of the contract becomes a verb. */
export interface Look<Name extends QueryName> {
  readonly name: string;
  readonly query: Name;
  readonly positionals?: readonly Positional[];
  readonly group?: VerbGroup;
  /** The words for people; loaded when they are needed. */
  readonly lines: () => Promise<(answer: QueryResult<Name>, view: View) => readonly string[]>;
  readonly exit?: (answer: QueryResult<Name>) => ExitCode;
  /** What `--watch` does. */
  readonly watch?: (line: Line, world: World) => Promise<ExitCode>;
}

const ALL: Option = { name: 'all', kind: 'switch', about: 'every page, not the first alone' };

export function lookVerb<Name extends QueryName>(look: Look<Name>): Verb {
  const { name, query, positionals = [], group = 'look', watch } = look;
  return {
    name,
    group,
    summary: QUERIES[query].summary,
    positionals,
    queries: [query],
    options: () => [
      ...queryFields(query)
        .filter((field) => !positionals.some((positional) => positional.name === field.name))
        .map(fieldOption),
      ...(isPaged(query) ? [ALL] : []),
      ...(watch === undefined ? [] : [WATCH]),
      JSON_OUT,
      ...AGENT,
    ],
    run: (line, world) =>
      watch !== undefined && isSet(line, 'watch') ? watch(line, world) : ask(look, line, world),
  };
}

function ask<Name extends QueryName>(look: Look<Name>, line: Line, world: World): Promise<ExitCode> {
  const input = inputOf(look.query, line);
  return withAgent(line, world, async (open) => {
    const answer = await answerOf(look.query, input, line, open);
    if (isSet(line, 'json')) world.print(jsonText(answer));
    else {
      for (const text of (await look.lines())(answer, viewOf(world, open))) printLines(text, world);
      const next = nextCursor(answer);
      if (next !== undefined) world.complain(plainText(`there is more · give --all, or --cursor ${next}`));
    }
    return look.exit?.(answer) ?? EXIT.done;
  });
}

export function viewOf(world: World, { suffix }: Pick<OpenAgent, 'suffix'>): View {
  return { nowMs: world.wallMs(), width: world.screen?.columns, suffix };
}

/** A table is one text of many lines; nothing else in it may break a line. */
export function printLines(text: string, world: World): void {
  for (const line of text.split('\n')) world.print(plainText(line));
}

/** Throws `Refusal(usage)`. */
export function inputOf<Name extends QueryName>(query: Name, line: Line): QueryInput<Name> {
  const fields = Object.keys(QUERIES[query].input.shape);
  const given = Object.fromEntries(
    fields
      .map((field) => [field, line.words[field] ?? line.values[field]])
      .filter(([, value]) => value !== undefined),
  );
  const checked = QUERIES[query].input.safeParse(given);
  if (checked.success) return given as QueryInput<Name>;
  const [issue] = checked.error.issues;
  throw usage(
    `${line.verb.name}: ${issue?.path.map(String).join('.') ?? ''} · ${issue?.message ?? ''}`,
    line.verb,
  );
}

function isPaged(query: QueryName): query is PagedQueryName {
  return 'cursor' in QUERIES[query].input.shape;
}

async function answerOf<Name extends QueryName>(
  query: Name,
  input: QueryInput<Name>,
  line: Line,
  { client }: OpenAgent,
): Promise<QueryResult<Name>> {
  if (!isPaged(query) || !isSet(line, 'all')) return client.query(query, input);
  const items: ItemOf<PagedQueryName>[] = [];
  for await (const item of client.all(query, input as QueryInput<PagedQueryName>)) items.push(item);
  return { items } as QueryResult<Name>;
}

function nextCursor(answer: unknown): string | undefined {
  const { next, items } = answer as { readonly next?: unknown; readonly items?: unknown };
  return Array.isArray(items) && typeof next === 'string' ? next : undefined;
}
