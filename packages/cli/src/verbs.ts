import { actionVerbs } from './act/action-verbs.ts';
import { runbookVerbs } from './act/runbook-verbs.ts';
import { drillVerb } from './drill/drill-verb.ts';
import { lakeVerbs } from './lake-verbs.ts';
import { AGENT, JSON_OUT } from './line/common-options.ts';
import type { Line, Verb } from './line/verb.ts';
import { lookVerbs } from './look/look-verbs.ts';
import type { World } from './world.ts';

/** The whole command line. */
export function allVerbs(): readonly Verb[] {
  return [...lakeVerbs(), ...lookVerbs(), ...watchVerbs(), ...actionVerbs(), ...runbookVerbs(), drillVerb()];
}

function watchVerbs(): readonly Verb[] {
  return [
    {
      name: 'watch',
      group: 'look',
      summary: 'status, shown again whenever it changes',
      positionals: [],
      options: () => AGENT,
      run: async (line: Line, world: World) =>
        (await import('./watch/watch-status.ts')).watchStatus(line, world),
    },
    {
      name: 'events',
      group: 'look',
      summary: 'what the agent does, as it happens; with --json every event as a line of JSON',
      positionals: [],
      options: () => [
        { name: 'all', kind: 'switch', about: 'also how things are now, not what was done alone' },
        {
          name: 'after',
          kind: 'text',
          placeholder: 'ID',
          about: 'go on behind this event, as long as the agent has it',
        },
        JSON_OUT,
        ...AGENT,
      ],
      run: async (line: Line, world: World) =>
        (await import('./watch/watch-events.ts')).watchEvents(line, world),
    },
  ];
}
