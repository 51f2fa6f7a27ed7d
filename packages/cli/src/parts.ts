import { fileURLToPath } from 'node:url';

/** The other processes of Lakewarden, by the file that starts each. We know them only by what they say on stdout. */
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const PARTS = {
  azureLocal: at('../../azure-local/src/main.ts'),
  sources: at('../../retail/src/main.ts'),
  agent: at('../../../agent/src/main.ts'),
  pipeline: at('../../retail/pipeline/pipeline.yaml'),
} as const;

/**
 * How Node runs the agent, measured with `npm run bench -- drain`. V8 grows its heap by what is allowed, not by what is
 * needed: without a limit a drain takes 600 MB. The young generation is twice the default instead, as almost every
 * object of a drain dies with its batch.
 */
export const AGENT_NODE_OPTIONS: readonly string[] = ['--max-old-space-size=256', '--max-semi-space-size=32'];

/** More file threads than four (the default) keep the disk busy; fewer malloc arenas keep what they free usable. */
export const AGENT_ENVIRONMENT: Readonly<Record<string, string>> = {
  UV_THREADPOOL_SIZE: '8',
  MALLOC_ARENA_MAX: '2',
};

/** The local Azure spends its time in fsync, where four threads leave the disk idle. */
export const STORAGE_ENVIRONMENT: Readonly<Record<string, string>> = { UV_THREADPOOL_SIZE: '16' };
