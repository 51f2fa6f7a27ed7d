import { resolve } from 'node:path';
import { AGENT, JSON_OUT, LAKE } from './line/common-options.ts';
import { isSet, type Line, type Option, textOption, type Verb } from './line/verb.ts';
import type { Progress } from './progress.ts';
import { UP_OPTIONS, upOptions } from './up-options.ts';
import type { World } from './world.ts';

const LAKE_DEFAULT = '.lakewarden';

const CONFIG: Option = { name: 'config', kind: 'path', placeholder: 'FILE', about: "the agent's file" };

/** What works on this machine: processes, files, tokens. */
export function lakeVerbs(): readonly Verb[] {
  return [
    {
      name: 'up',
      group: 'lake',
      summary: 'local Azure, sources and agent; stays up without --once',
      positionals: [],
      options: () => [...UP_OPTIONS, JSON_OUT, LAKE],
      run: runUp,
    },
    {
      name: 'agent',
      group: 'lake',
      summary: 'the agent alone, in the foreground, against any Azure',
      positionals: [],
      options: () => [{ ...CONFIG, required: true }],
      notes: [
        'Credentials come from the environment, as DefaultAzureCredential finds them. Its log goes to stdout.',
      ],
      run: async (line, world) =>
        (await import('./agent/run-agent.ts')).runAgent(textOption(line, 'config') ?? '', world),
    },
    {
      name: 'doctor',
      group: 'lake',
      summary: 'is everything here that is needed? a line a check, each with what to do',
      positionals: [],
      options: () => [JSON_OUT, ...AGENT],
      run: async (line, world) => (await import('./doctor/doctor.ts')).showDoctor(line, world),
    },
    {
      name: 'token',
      group: 'lake',
      summary: 'a token of the agent for somebody or something',
      positionals: [],
      options: () => [
        {
          name: 'role',
          kind: 'choice',
          choices: ['viewer', 'operator', 'admin', 'alert-sender'],
          required: true,
          about: 'what it may do',
        },
        { name: 'ttl', kind: 'text', placeholder: '30d', required: true, about: 'how long it is good' },
        {
          name: 'subject',
          kind: 'text',
          placeholder: 'NAME',
          about: 'who it stands for; stands in the audit',
        },
        { ...CONFIG, about: "the agent's file (default: that of the lake)" },
        JSON_OUT,
        LAKE,
      ],
      run: async (line, world) =>
        (await import('./agent/token.ts')).showToken(line, lakeOf(line, world), world),
    },
    {
      name: 'tables',
      group: 'lake',
      summary: 'every table: rows, version, where it lies; needs no agent',
      positionals: [],
      options: () => [JSON_OUT, LAKE],
      run: async (line, world) =>
        (await import('./read.ts')).showTables(lakeOf(line, world), isSet(line, 'json'), world),
    },
    {
      name: 'query',
      group: 'lake',
      summary: 'SQL over the tables by their names, such as gold.daily_sales; needs no agent',
      positionals: [{ name: 'sql', required: true, about: 'one SQL text, in quotes' }],
      options: () => [JSON_OUT, LAKE],
      run: async (line, world) => {
        const { showQuery } = await import('./read.ts');
        return showQuery(lakeOf(line, world), line.words.sql ?? '', isSet(line, 'json'), world);
      },
    },
  ];
}

export function lakeOf(line: Line, { cwd }: World): string {
  return textOption(line, 'lake') ?? resolve(cwd, LAKE_DEFAULT);
}

async function runUp(line: Line, world: World) {
  const options = upOptions(line, lakeOf(line, world));
  const { up } = await import('./up.ts');
  return up(options, { ...world, progress: await createProgress(world), signal: world.stopSignal() });
}

export async function createProgress({ panel, complain, now }: World): Promise<Progress> {
  if (panel !== undefined) return new (await import('./progress-bars.ts')).ProgressBars(panel, now);
  return new (await import('./progress-lines.ts')).ProgressLines((text) => complain(text.trimEnd()), now);
}
