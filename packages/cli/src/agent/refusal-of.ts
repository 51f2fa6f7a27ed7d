import { AgentError, AgentRefused, AgentTooNew, AgentTooOld, AgentUnreachable } from '@lakewarden/client';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import type { OpenAgent } from './open-client.ts';

/** Rights, a guard, too much at a time, or the world moved. */
const REFUSED_STATUSES: readonly number[] = [401, 403, 409, 412, 423, 428, 429];
/** What was asked makes no sense: as wrong as a wrong option. */
const USAGE_STATUSES: readonly number[] = [400, 413, 415, 422];

/** What an error of the client means to the person who typed. Others are returned as they are. */
export function refusalOf(error: unknown, { agent, suffix }: Pick<OpenAgent, 'agent' | 'suffix'>): unknown {
  if (!(error instanceof AgentError)) return error;
  const words = (remedy: string) => `${error.what} · ${error.where} · ${remedy}`;
  if (error instanceof AgentUnreachable) {
    const isDown = agent.from === 'lake' && error.reason === 'connection';
    return new Refusal(
      EXIT.unreachable,
      words(isDown ? `start it with: lakewarden up${suffix}` : error.remedy),
    );
  }
  if (error instanceof AgentRefused) {
    const isWithoutToken = error.problem.status === 401 && agent.tokenFile === undefined;
    return new Refusal(
      exitOf(error.problem.status),
      words(isWithoutToken ? 'give --token-file' : error.remedy),
    );
  }
  if (error instanceof AgentTooOld || error instanceof AgentTooNew)
    return new Refusal(EXIT.refused, error.message);
  return new Refusal(EXIT.failed, error.message);
}

function exitOf(status: number): ExitCode {
  if (REFUSED_STATUSES.includes(status)) return EXIT.refused;
  return USAGE_STATUSES.includes(status) ? EXIT.usage : EXIT.failed;
}
