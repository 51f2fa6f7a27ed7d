import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TerminalError } from '@lakewarden/contracts';
import { z } from 'zod';

/**
 * What an agent needs to know of its surroundings. The same file serves a real subscription and the local Azure: only
 * `routes` (where production host names lead) differs. It holds no secret; credentials come from the environment.
 */
const configSchema = z.strictObject({
  /** Pipeline file, relative to this file. */
  pipeline: z.string(),
  storage: z.strictObject({ account: z.string(), fileSystem: z.string() }),
  dataFactory: z.strictObject({ subscriptionId: z.string(), resourceGroup: z.string() }),
  /** Folder of the ledger and the spool, relative to this file. */
  stateDir: z.string(),
  /** Production host → local base URL. Absent: the hosts are the real Azure. */
  routes: z.record(z.string(), z.string()).optional(),
  /** The lake as a local folder, for the reading verbs while no agent is up. */
  lakeFolder: z.string().optional(),
  /** Treat this day as the one window of every batch source; the clock is not asked. */
  asOf: z.iso.date().optional(),
  drainEveryMs: z
    .int()
    .min(1_000)
    .default(5 * 60 * 1000),
  engine: z
    .strictObject({
      memoryLimitMiB: z.int().min(64).default(768),
      threads: z.int().min(1).max(64).optional(),
    })
    .default({ memoryLimitMiB: 768 }),
  spoolMiBMax: z.int().min(64).default(4_096),
});

export type AgentConfig = z.infer<typeof configSchema>;

/** Reads and checks the file; relative paths in it become absolute. Throws `TerminalError('invalid')` naming file and field. */
export function loadConfig(file: string): AgentConfig {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new TerminalError('invalid', `${file}: cannot be read as JSON. Give an agent configuration file.`, {
      cause,
    });
  }
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || '(file)'}: ${issue.message}`,
    );
    throw new TerminalError('invalid', `${file}: ${issues.join('; ')}`);
  }
  const folder = dirname(resolve(file));
  const { lakeFolder } = parsed.data;
  return {
    ...parsed.data,
    pipeline: resolve(folder, parsed.data.pipeline),
    stateDir: resolve(folder, parsed.data.stateDir),
    ...(lakeFolder !== undefined && { lakeFolder: resolve(folder, lakeFolder) }),
  };
}
