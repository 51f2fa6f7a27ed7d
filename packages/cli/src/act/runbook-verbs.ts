import { JSON_OUT } from '../line/common-options.ts';
import type { Verb } from '../line/verb.ts';
import { actionVerb } from './action-verbs.ts';

/** `runbook run`, `approve` and `reject` are the actions of those names; `runbook test` needs no running agent. */
export function runbookVerbs(): readonly Verb[] {
  return [
    actionVerb('run-runbook', { name: 'runbook run', group: 'recover' }),
    actionVerb('approve', { name: 'runbook approve', group: 'recover' }),
    actionVerb('reject', { name: 'runbook reject', group: 'recover' }),
    {
      name: 'runbook test',
      group: 'recover',
      summary: 'check runbook files and run their fixtures; asks no running agent and acts on nothing',
      positionals: [{ name: 'runbook', required: false, about: 'one of them; all without it' }],
      options: () => [
        {
          name: 'dir',
          kind: 'path',
          placeholder: 'DIR',
          about: 'folder of the runbooks (default: those that ship)',
        },
        JSON_OUT,
      ],
      run: async (line, world) => (await import('./runbook-test.ts')).testRunbooks(line, world),
    },
  ];
}
