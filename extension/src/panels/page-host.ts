import type { ConnectionState } from '../connection/connection-state.ts';
import type { LakeChange } from '../models/lake-change.ts';
import type { LakeModel } from '../models/lake-model.ts';
import type { ModelLog } from '../models/model-ports.ts';

/** The host's end of one page. Models only: the panel carries the messages. */
export interface PageHost<Show> {
  /** A person asked for this; told to the page as soon as it listens. */
  show(what: Show): void;
  /** Whatever the page says; what is none of the contract is logged and dropped. */
  receive(message: unknown): void;
  changed(change: LakeChange): void;
  connection(state: ConnectionState): void;
  dispose(): void;
}

export interface PageDeps<Message> {
  readonly lake: LakeModel;
  readonly log: ModelLog;
  readonly nowMs: () => number;
  readonly connection: () => ConnectionState;
  post(message: Message): void;
  /** Elsewhere in the editor. */
  open(what: 'dataset' | 'health' | 'lineage' | 'quarantine', id: string): void;
  openRuns(dataset: string, slice: string): void;
}

export function connectionMessage({ kind, problem }: ConnectionState) {
  const state = kind === 'connected' ? 'connected' : kind === 'connecting' ? 'connecting' : 'away';
  const message = state === 'connected' ? '' : (problem ?? 'the agent is not connected');
  return { type: 'connection', state, message } as const;
}

export const NO_AGENT = {
  what: 'no agent is connected',
  remedy: 'connect to one, then this goes on',
} as const;
