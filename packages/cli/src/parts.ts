import { fileURLToPath } from 'node:url';

/** The other processes of Lakewarden, by the file that starts each. We know them only by what they say on stdout. */
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const PARTS = {
  azureLocal: at('../../azure-local/src/main.ts'),
  sources: at('../../retail/src/main.ts'),
  agent: at('../../../agent/src/main.ts'),
  pipeline: at('../../retail/pipeline/pipeline.yaml'),
} as const;
