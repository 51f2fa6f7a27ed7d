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
 * How Node runs the agent. The heap is held small because V8 grows it by what is allowed, not by what is needed: without a
 * limit a drain of 3.6 M events takes 600 MB, with this one less than 512 MB at the same speed (`npm run bench -- drain`).
 */
export const AGENT_NODE_OPTIONS: readonly string[] = ['--max-old-space-size=256'];

/** Both sides of the lake spend their time in fsync and file calls; four threads (the default) leave the disk idle. */
export const STORAGE_ENVIRONMENT: Readonly<Record<string, string>> = { UV_THREADPOOL_SIZE: '16' };
