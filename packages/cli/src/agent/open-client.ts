import { readFileSync } from 'node:fs';
import { type AgentClient, createClient } from '@lakewarden/client';
import { TerminalError } from '@lakewarden/contracts';
import { EXIT, Refusal } from '../exit.ts';
import type { Line } from '../line/verb.ts';
import type { World } from '../world.ts';
import { type AgentPlace, type Surroundings, surroundings } from './agent-place.ts';

export interface OpenAgent extends Surroundings {
  readonly client: AgentClient;
  readonly agent: AgentPlace;
}

/** A client of the agent that is meant. Throws `Refusal(unreachable)` when none is known. */
export function openAgent(line: Line, world: World): OpenAgent {
  const { agent, ...around } = surroundings(line, world);
  if (agent === undefined) {
    throw new Refusal(
      EXIT.unreachable,
      `no agent is up · ${around.lake} · start it with: lakewarden up${around.suffix}, or give --agent URL`,
    );
  }
  return { ...around, agent, client: clientOf(agent) };
}

/** Throws `Refusal(usage)` for a URL that is none. */
export function clientOf({ url, tokenFile }: AgentPlace): AgentClient {
  try {
    return createClient({
      url,
      // Read before every request: the agent renews it.
      ...(tokenFile !== undefined && { token: () => readToken(tokenFile) }),
      check: 'sampled',
    });
  } catch (error) {
    if (error instanceof TerminalError) throw new Refusal(EXIT.usage, error.message);
    throw error;
  }
}

/** Throws `Refusal(refused)`. */
export function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new Refusal(
      EXIT.refused,
      `the token cannot be read (${code}) · ${file} · give another --token-file`,
    );
  }
  if (/^[\x21-\x7e]{1,4096}$/.test(text)) return text;
  throw new Refusal(EXIT.refused, `no token is in the file · ${file} · give another --token-file`);
}
