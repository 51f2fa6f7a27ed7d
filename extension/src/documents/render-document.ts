import type { AgentClient } from '@lakewarden/client';
import type { RunHealth } from '@lakewarden/contracts';
import type { LakeModel } from '../models/lake-model.ts';
import type { PlansModel } from '../models/plans-model.ts';
import type { DocumentAddress } from './document-kinds.ts';
import {
  auditLines,
  backfillLines,
  blameLines,
  breakersLines,
  incidentLines,
  quarantineLines,
  rowsLines,
  runbookLines,
  runLines,
} from './document-lines.ts';
import { planLines } from './plan-lines.ts';

export interface RenderDeps {
  readonly client: AgentClient;
  readonly lake: LakeModel;
  readonly plans: PlansModel;
  readonly nowMs: number;
}

const ROWS_MAX = 100;
const RUNS_LOOKED_AT_MAX = 500;

/** The text behind an address, asked for now. Throws what the client throws. */
export async function renderDocument(
  address: DocumentAddress,
  deps: RenderDeps,
  signal: AbortSignal,
): Promise<string> {
  return `${(await linesOf(address, deps, signal)).join('\n')}\n`;
}

async function linesOf(
  { kind, about, of }: DocumentAddress,
  { client, lake, plans, nowMs }: RenderDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ofSlice = of === undefined ? {} : { slice: of };
  switch (kind) {
    case 'plan': {
      const plan = plans.get(about) ?? (await client.query('plan', { hash: about }, signal));
      plans.add(plan);
      return planLines(plan, nowMs);
    }
    case 'rows':
      return rowsLines(
        await client.query('rows', { dataset: about, limit: ROWS_MAX, ...ofSlice }, signal),
        'First rows',
      );
    case 'duplicates':
      return rowsLines(
        await client.query('rows', { dataset: about, of: 'duplicates', limit: ROWS_MAX, ...ofSlice }, signal),
        `Rows that lost to another of the same key, of ${about}`,
      );
    case 'quarantine': {
      const report = await client.query('quarantine', { dataset: about, ...ofSlice }, signal);
      const reasons = quarantineLines(report);
      if (report.rows === 0) return reasons;
      const rows = await client.query(
        'rows',
        { dataset: about, of: 'quarantine', limit: ROWS_MAX, ...ofSlice },
        signal,
      );
      return [...reasons, '', ...rowsLines(rows, 'First rows')];
    }
    case 'blame':
      return blameLines(await client.query('blame', { slice: about }, signal), nowMs);
    case 'run': {
      const known = lake.runs.find(({ id }) => id === about);
      const run = known ?? (of === undefined ? undefined : await findRun(client, about, of, signal));
      return run === undefined ? [`The agent no longer knows of run ${about}.`] : runLines(run, nowMs);
    }
    case 'backfill':
      return backfillLines(await client.query('backfill', { id: about }, signal), nowMs);
    case 'incident': {
      const incident = await client.query('incident', { id: about }, signal);
      return incidentLines(
        incident,
        lake.executions.filter((each) => each.incident === about),
        nowMs,
      );
    }
    case 'runbook': {
      const [written, { items }] = await Promise.all([
        client.query('runbook', { name: about }, signal),
        client.query('executions', { runbook: about, limit: 10 }, signal),
      ]);
      return runbookLines(written, items, nowMs);
    }
    case 'audit': {
      const [{ items }, check] = await Promise.all([
        client.query('audit', { limit: ROWS_MAX }, signal),
        client.query('verify-audit', {}, signal),
      ]);
      return auditLines(items, check, nowMs);
    }
    case 'breakers':
      return breakersLines((await client.query('breakers', {}, signal)).breakers, nowMs);
  }
}

async function findRun(
  client: AgentClient,
  id: string,
  dataset: string,
  signal: AbortSignal,
): Promise<RunHealth | undefined> {
  const { items } = await client.query('runs', { dataset, limit: RUNS_LOOKED_AT_MAX }, signal);
  return items.find((run) => run.id === id);
}
