export {
  AgentBroken,
  AgentError,
  AgentRefused,
  AgentTooNew,
  AgentTooOld,
  AgentUnreachable,
} from './agent-error.ts';
export { actionFields, type CatalogueEntry, catalogue, type InputField, queryFields } from './catalogue.ts';
export {
  type ActOptions,
  type AgentClient,
  type ClientOptions,
  createClient,
  type ItemOf,
  type PagedQueryName,
} from './client.ts';
export type { ClientClock, ClientLimits } from './client-ports.ts';
export type { EventsOptions, StreamState } from './event-stream.ts';
export type { AgentHello } from './version.ts';
