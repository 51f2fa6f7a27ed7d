import { type AuditCheck, type QueryResult, TransientError } from '@lakewarden/contracts';
import type { AnswerSources } from '../queries/answers.ts';
import type { Service } from './service.ts';

/** What is in the control log, and of the runbooks; until it has been read, the answer is to ask again. */
export function logAnswers(service: Service): Pick<AnswerSources, 'audit' | 'runbooks'> {
  const log = () => {
    if (service.log === undefined) throw new TransientError('unavailable', 'the control log is not read yet');
    return service.log;
  };
  return {
    audit: {
      entries: (page, signal) => log().entries(page, signal),
      verify: (signal): Promise<AuditCheck> => log().verify(signal),
    },
    runbooks: {
      list: () => service.watch?.list() ?? NO_RUNBOOKS,
      show: (name) => service.watch?.show(name),
    },
  };
}

const NO_RUNBOOKS: QueryResult<'runbooks'> = { runbooks: [], problems: [] };
