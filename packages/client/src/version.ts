import { API_VERSION } from '@lakewarden/contracts';
import { AgentTooNew, AgentTooOld } from './agent-error.ts';
import { type AgentAnswer, broken } from './exchange.ts';

/** Who answers. */
export interface AgentHello {
  readonly api: number;
  readonly version: string;
  readonly ready: boolean;
  /** The agent's clock when it answered, to the second, in milliseconds; absent when it did not say. */
  readonly agentMs: number | undefined;
}

/** Reads only what every version of the contract has: `agent.api` of the overview. Throws `AgentBroken`. */
export function readHello({ value, agentMs }: AgentAnswer, url: string): AgentHello {
  const agent = fieldOf(value, 'agent');
  const api = fieldOf(agent, 'api');
  if (typeof api !== 'number') throw broken(url, 'it does not say which contract it speaks');
  return {
    api,
    version: String(fieldOf(agent, 'version') ?? 'unknown'),
    ready: fieldOf(agent, 'ready') === true,
    agentMs,
  };
}

/** Throws `AgentTooOld` or `AgentTooNew`. */
export function checkVersion(hello: AgentHello, url: string): AgentHello {
  const { api, version } = hello;
  if (api === API_VERSION) return hello;
  const what = `the agent (${version}) speaks API version ${api}, this client ${API_VERSION}`;
  if (api < API_VERSION) throw new AgentTooOld({ what, where: url, remedy: 'update the agent' });
  throw new AgentTooNew({ what, where: url, remedy: 'update Lakewarden here' });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
