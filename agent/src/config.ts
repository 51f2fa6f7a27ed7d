import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TerminalError } from '@lakewarden/contracts';
import { z } from 'zod';
import { AZURE_MONITOR_APP_ID, PUBLIC_AUTHORITY } from './adapters/entra-names.ts';

const guid = z.guid('a GUID is wanted').toLowerCase();
/** Keys that decide who is believed come by TLS, or from this machine. */
const AUTHORITY =
  /^(?:https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5})$/;

/**
 * What an agent needs to know of its surroundings. The same file serves a real subscription and the local Azure: only
 * `routes` (where production host names lead) differs. It holds no secret; credentials come from the environment.
 */
const configSchema = z.strictObject({
  /** Pipeline file, relative to this file. */
  pipeline: z.string(),
  storage: z.strictObject({ account: z.string(), fileSystem: z.string() }),
  dataFactory: z.strictObject({ subscriptionId: z.string(), resourceGroup: z.string() }),
  /** A group of its own keeps readers of another one from taking partitions away; every hub has `$Default`. */
  eventHubs: z.strictObject({ consumerGroup: z.string().min(1).default('$Default') }).prefault({}),
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
  /** A landed batch window older than this is copied again; equal rows change nothing. Absent: once a window. */
  windowEveryMs: z.int().min(1_000).optional(),
  /** How often detectors and runbooks look at what is known; nothing is asked of Azure for it. */
  watchEveryMs: z.int().min(100).max(60_000).default(2_000),
  /** How often hubs are asked for their last event between drains, so that lag is known. */
  probeEveryMs: z.int().min(500).max(600_000).default(15_000),
  api: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      /** 0: any free one. `<stateDir>/api.json` says which. */
      port: z.int().min(0).max(65_535).default(0),
      /** Host names beside the loopback ones under which clients may reach it, such as the Container App's. */
      publicHosts: z.array(z.string()).default([]),
      /** Whose access tokens are taken beside the agent's own. Absent: nobody's. */
      entra: z
        .strictObject({
          tenantId: guid,
          /** Client ids of the app registration that stands for the API: what `aud` of a v2.0 token holds, never `api://…`. */
          audience: z.array(guid).min(1).max(8),
          /** Apps whose role `Alert.Send` counts; by default Azure Monitor's, as it is named in the public cloud. */
          webhookAppIds: z.array(guid).max(16).default([AZURE_MONITOR_APP_ID]),
          authority: z
            .string()
            .regex(AUTHORITY, 'must be https://host, or http:// of a loopback address, without a path')
            .default(PUBLIC_AUTHORITY),
        })
        .optional(),
      /** Folder of the built status page, relative to this file. Absent: the one that ships. */
      statusPage: z.string().optional(),
    })
    .prefault({}),
  /** Azure resource id (or a prefix of one) → targets (`source:orders`, `silver.orders`, `all`) that its alerts are about. */
  resources: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  /** Log Analytics workspace and region of the metrics endpoint; absent: neither is asked. */
  monitor: z
    .strictObject({
      workspaceId: z.string(),
      region: z.string(),
      /** How often log rules and ingress are compared, unless a rule says otherwise. */
      everyMs: z.int().min(1_000).default(60_000),
    })
    .optional(),
  /** Folder of the runbooks, relative to this file. Absent: those that ship. */
  runbooks: z.string().optional(),
  /** Overrides the mode that a runbook asks for: `{"failed-slice": "approve"}`. */
  runbookModes: z.record(z.string(), z.enum(['shadow', 'suggest', 'approve', 'auto'])).default({}),
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
  const { api, lakeFolder, runbooks } = parsed.data;
  return {
    ...parsed.data,
    pipeline: resolve(folder, parsed.data.pipeline),
    stateDir: resolve(folder, parsed.data.stateDir),
    ...(lakeFolder !== undefined && { lakeFolder: resolve(folder, lakeFolder) }),
    ...(runbooks !== undefined && { runbooks: resolve(folder, runbooks) }),
    ...(api.statusPage !== undefined && {
      api: { ...api, statusPage: resolve(folder, api.statusPage) },
    }),
  };
}
