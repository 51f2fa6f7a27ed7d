import { AgentError, type AgentHello, AgentTooNew, AgentTooOld } from '@lakewarden/client';
import type { AgentPlace } from '../agent/agent-place.ts';
import { clientOf } from '../agent/open-client.ts';
import { Refusal } from '../exit.ts';
import { spanText } from '../words.ts';
import { type Check, ok, problem, skipped } from './check.ts';

/** The agent says the time in whole seconds, and its answer takes a while. */
const SKEW_MS_MAX = 5_000;

export interface AgentChecksOptions {
  readonly agent: AgentPlace | undefined;
  readonly suffix: string;
  readonly wallMs: () => number;
}

/** Does it answer, in our words, ready, and at our time? One question answers all. */
export async function checkAgent({ agent, suffix, wallMs }: AgentChecksOptions): Promise<readonly Check[]> {
  const up = `start it with: lakewarden up${suffix}`;
  if (agent === undefined) {
    return [
      problem('agent', 'none is up on this lake', up),
      skipped('version', 'no agent'),
      skipped('clock', 'no agent'),
    ];
  }
  const askedMs = wallMs();
  try {
    const hello = await clientOf(agent).hello();
    return [
      checkReady(hello, agent),
      ok('version', `${hello.version}, API ${hello.api}`),
      checkClock(hello, askedMs, wallMs()),
    ];
  } catch (error) {
    if (error instanceof AgentTooOld || error instanceof AgentTooNew) {
      return [
        ok('agent', agent.url),
        problem('version', error.what, error.remedy),
        skipped('clock', 'another version'),
      ];
    }
    if (!(error instanceof AgentError || error instanceof Refusal)) throw error;
    const [what, remedy] =
      error instanceof AgentError ? [error.what, error.remedy] : [error.message, 'see what it names'];
    return [
      problem('agent', `${what} · ${agent.url}`, remedy),
      skipped('version', 'no answer'),
      skipped('clock', 'no answer'),
    ];
  }
}

function checkReady({ ready }: AgentHello, { url }: AgentPlace): Check {
  if (ready) return ok('agent', `${url}, ready`);
  return problem('agent', `${url} is starting`, 'wait a little; lakewarden events shows what it does');
}

function checkClock({ agentMs }: AgentHello, askedMs: number, answeredMs: number): Check {
  if (agentMs === undefined) return skipped('clock', 'the agent does not say its time');
  // Between asking and answer is right; the agent's second began up to a second before.
  const skewMs = Math.max(0, askedMs - 1_000 - agentMs, agentMs - answeredMs);
  if (skewMs <= SKEW_MS_MAX) return ok('clock', `within ${spanText(SKEW_MS_MAX)} of the agent's`);
  return problem(
    'clock',
    `${spanText(skewMs)} away from the agent's`,
    "set the clock of this machine or the agent's by NTP; tokens and expiries depend on it",
  );
}
