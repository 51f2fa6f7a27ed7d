import { EXIT } from '../exit.ts';
import { AGENT, JSON_OUT, WATCH } from '../line/common-options.ts';
import type { Positional, Verb } from '../line/verb.ts';
import { lookVerb } from './look.ts';

const need = (name: string, about: string): Positional => ({ name, required: true, about });
const DATASET = need('dataset', 'such as silver.orders');
const SLICE = need('slice', 'such as silver.orders@2011-11-11');

/** What can be asked; every query of the contract is one of these. */
export function lookVerbs(): readonly Verb[] {
  return [
    {
      name: 'status',
      group: 'look',
      summary: 'health by layer and the likely next command; from the files of the lake when no agent is up',
      positionals: [],
      options: () => [WATCH, JSON_OUT, ...AGENT],
      queries: ['overview'],
      run: async (line, world) => (await import('./status.ts')).showStatus(line, world),
    },
    lookVerb({
      name: 'datasets',
      query: 'datasets',
      lines: async () => (await import('./health-lines.ts')).datasetsLines,
    }),
    lookVerb({
      name: 'dataset',
      query: 'dataset',
      positionals: [DATASET],
      lines: async () => (await import('./health-lines.ts')).datasetLines,
    }),
    lookVerb({
      name: 'slices',
      query: 'slices',
      positionals: [DATASET],
      lines: async () => (await import('./health-lines.ts')).slicesLines,
    }),
    lookVerb({
      name: 'slice',
      query: 'slice',
      positionals: [SLICE],
      lines: async () => (await import('./health-lines.ts')).sliceLines,
    }),
    lookVerb({
      name: 'blame',
      query: 'blame',
      positionals: [SLICE],
      lines: async () => (await import('./lineage-lines.ts')).blameLines,
    }),
    lookVerb({
      name: 'lineage',
      query: 'lineage',
      positionals: [
        { name: 'focus', required: false, about: 'a dataset, slice or source:name; all without it' },
      ],
      lines: async () => (await import('./lineage-lines.ts')).lineageLines,
    }),
    lookVerb({
      name: 'quarantine',
      query: 'quarantine',
      positionals: [DATASET],
      lines: async () => (await import('./health-lines.ts')).quarantineLines,
    }),
    lookVerb({
      name: 'rows',
      query: 'rows',
      positionals: [DATASET],
      lines: async () => (await import('./health-lines.ts')).rowsLines,
    }),
    lookVerb({
      name: 'runs',
      query: 'runs',
      lines: async () => (await import('./health-lines.ts')).runsLines,
      watch: async (line, world) => (await import('../watch/watch-runs.ts')).watchRuns(line, world),
    }),
    backfillsVerb(),
    lookVerb({
      name: 'plan',
      query: 'plan',
      positionals: [need('hash', 'of the plan, or its first digits')],
      lines: async () => (await import('./incident-lines.ts')).planAnswerLines,
    }),
    lookVerb({
      name: 'lag',
      query: 'lag',
      lines: async () => (await import('./lag-lines.ts')).lagLines,
      watch: async (line, world) => (await import('../watch/watch-lag.ts')).watchLag(line, world),
    }),
    lookVerb({
      name: 'breakers',
      query: 'breakers',
      lines: async () => (await import('./health-lines.ts')).breakersLines,
    }),
    lookVerb({
      name: 'incidents',
      query: 'incidents',
      lines: async () => (await import('./incident-lines.ts')).incidentsLines,
    }),
    lookVerb({
      name: 'incident',
      query: 'incident',
      positionals: [need('id', 'of the incident')],
      lines: async () => (await import('./incident-lines.ts')).incidentLines,
    }),
    lookVerb({
      name: 'audit',
      query: 'audit',
      lines: async () => (await import('./incident-lines.ts')).auditLines,
    }),
    lookVerb({
      name: 'audit verify',
      query: 'verify-audit',
      lines: async () => (await import('./incident-lines.ts')).auditCheckLines,
      exit: ({ ok }) => (ok ? EXIT.done : EXIT.failed),
    }),
    lookVerb({
      name: 'runbook list',
      query: 'runbooks',
      group: 'recover',
      lines: async () => (await import('./incident-lines.ts')).runbooksLines,
    }),
    lookVerb({
      name: 'runbook show',
      query: 'runbook',
      group: 'recover',
      positionals: [need('name', 'of the runbook')],
      lines: async () => (await import('./incident-lines.ts')).runbookLines,
    }),
    lookVerb({
      name: 'runbook history',
      query: 'executions',
      group: 'recover',
      positionals: [{ name: 'runbook', required: false, about: 'all without it' }],
      lines: async () => (await import('./incident-lines.ts')).executionsLines,
    }),
  ];
}

/** All of them, or one; both follow with --watch until they have ended. */
function backfillsVerb(): Verb {
  const list = lookVerb({
    name: 'backfills',
    query: 'backfills',
    positionals: [{ name: 'id', required: false, about: 'of one backfill' }],
    lines: async () => (await import('./backfill-lines.ts')).backfillsLines,
    watch: async (line, world) => (await import('../watch/watch-backfills.ts')).watchBackfills(line, world),
  });
  const one = lookVerb({
    name: 'backfills',
    query: 'backfill',
    lines: async () => (await import('./backfill-lines.ts')).backfillLines,
  });
  return {
    ...list,
    queries: ['backfills', 'backfill'],
    run(line, world) {
      const id = line.words.id?.replace(/^backfill:/, '');
      if (id === undefined) return list.run(line, world);
      const asked = { ...line, words: { id } };
      return line.values.watch === true ? list.run(asked, world) : one.run(asked, world);
    },
  };
}
