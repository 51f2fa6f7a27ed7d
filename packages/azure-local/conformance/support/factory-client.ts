/** The unpatched Data Factory client on a conformance target, and the waiting that its users do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ActivityRun,
  DataFactoryManagementClient,
  PipelineRun,
  RunFilterParameters,
} from '@azure/arm-datafactory';
import armDataFactory from '@azure/arm-datafactory';
import type { ConformanceTarget } from './target.ts';

export interface FactoryClient {
  readonly client: DataFactoryManagementClient;
  readonly group: string;
  readonly factory: string;
  /** The span that holds every run of a suite. */
  readonly span: Pick<RunFilterParameters, 'lastUpdatedAfter' | 'lastUpdatedBefore'>;
  /** Polls until the run has one of the statuses; throws when it never does. */
  until(runId: string, ...statuses: string[]): Promise<PipelineRun>;
  activities(runId: string): Promise<ActivityRun[]>;
}

const hourMs = 3_600_000;
const localPollMs = 10;
const realPollMs = 5_000;
const pollCountMax = 2_000;

export function factoryClient(
  target: ConformanceTarget,
  options: { readonly maxRetries?: number } = {},
): FactoryClient {
  const client = new armDataFactory.DataFactoryManagementClient(
    target.credential,
    target.arm.subscriptionId,
    {
      ...target.arm.clientOptions,
      retryOptions: { maxRetries: options.maxRetries ?? 0 },
    },
  );
  const { dataFactory: factory, arm } = target;
  const nowMs = Date.now();
  const span = {
    lastUpdatedAfter: new Date(nowMs - hourMs),
    lastUpdatedBefore: new Date(nowMs + 2 * hourMs),
  };
  const pollMs = target.local === undefined ? realPollMs : localPollMs;
  return {
    client,
    group: arm.resourceGroup,
    factory,
    span,
    until: async (runId, ...statuses) => {
      for (let polls = 0; polls < pollCountMax; polls += 1) {
        const run = await client.pipelineRuns.get(arm.resourceGroup, factory, runId);
        if (statuses.includes(run.status ?? '')) return run;
        await sleep(pollMs);
      }
      throw new Error(`run ${runId} never became ${statuses.join(' or ')}`);
    },
    activities: async (runId) => {
      const { value } = await client.activityRuns.queryByPipelineRun(arm.resourceGroup, factory, runId, span);
      return value;
    },
  };
}

/** The status and code of what an SDK call was refused with; undefined when it was not. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ status?: number; code?: string } | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    return { ...(statusCode !== undefined && { status: statusCode }), ...(code !== undefined && { code }) };
  }
}
