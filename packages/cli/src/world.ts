import type { Terminal } from './progress-bars.ts';

/** Everything of the outside that a verb may touch besides files and processes; a test hands in another one. */
export interface World {
  /** Folder that relative paths are meant from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Where `print` ends, when that is a terminal. */
  readonly screen: Terminal | undefined;
  /** Where progress is drawn, when that is a terminal. */
  readonly panel: Terminal | undefined;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Returns early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Aborts when the person or the system asks us to end; until it is asked for, that ends us at once. */
  readonly stopSignal: () => AbortSignal;
  /** Asks the person; undefined when there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}
