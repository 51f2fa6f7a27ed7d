import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueryResult } from '@lakewarden/contracts';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import { lakeFolder } from '../lake-folder.ts';
import { DRILL_FAULTS, type DrillFault } from './drill-faults.ts';
import { type DrillTools, DrillWorld } from './drill-world.ts';
import { harmfulActs } from './harmful-acts.ts';
import { judgeAtRest, judgeRows } from './judge-rows.ts';

export interface DrillOptions {
  /** Undefined: all. */
  readonly faults: readonly string[] | undefined;
  readonly json: boolean;
  /** Keeps the lake of the drill, for somebody who wants to look. */
  readonly keep: boolean;
}

export interface FaultVerdict {
  readonly name: string;
  /** Found, recovered and put away without a person. */
  readonly closed: boolean;
  /** From the injection to the incident (or, of a dead agent, to the next one that answers); null: never seen. */
  readonly detectedMs: number | null;
  /** From the end of the cause (or from the detection, when the recovery ends it) until all is well; null: never. */
  readonly recoveredMs: number | null;
  readonly rowsLost: number;
  readonly rowsDoubled: number;
  readonly harmfulActs: number;
}

type Incident = QueryResult<'incidents'>['items'][number];

const DETECT_MS_MAX = 120_000;
const RECOVER_MS_MAX = 180_000;
const REST_LOOK_MS = 1_000;

/** Injects faults into a local Azure under load and watches the agent mend them by itself. */
export async function runDrill(
  options: DrillOptions,
  tools: DrillTools,
  print: (text: string) => void,
): Promise<ExitCode> {
  const faults = chosen(options.faults);
  const root = mkdtempSync(join(tmpdir(), 'lakewarden-drill-'));
  const complain = (text: string) => tools.progress.note(text);
  const world = await DrillWorld.start(lakeFolder(root), tools);
  const verdicts: FaultVerdict[] = [];
  try {
    if (!(await world.settle())) {
      throw new Refusal(EXIT.failed, 'the lake of the drill did not come to rest before the first fault');
    }
    for (const fault of faults) {
      if (tools.signal.aborted) break;
      complain(`drill     ${fault.name}`);
      const verdict = await drillOne(world, fault, tools, complain);
      complain(`drill     ${fault.name}: ${JSON.stringify(verdict)}`);
      verdicts.push(verdict);
    }
    await world.stopSources();
    const unbalanced = await unbalancedAtRest(world, tools, complain);
    tools.progress.end();
    sayVerdicts(verdicts, unbalanced, options.json, print);
    const isWell = verdicts.length === faults.length && verdicts.every(isClean) && unbalanced === 0;
    return isWell ? EXIT.done : EXIT.failed;
  } finally {
    await world.stop();
    if (!options.keep) rmSync(root, { recursive: true, force: true });
  }
}

function chosen(names: readonly string[] | undefined): readonly DrillFault[] {
  if (names === undefined) return DRILL_FAULTS;
  return names.map((name) => {
    const fault = DRILL_FAULTS.find((each) => each.name === name);
    if (fault !== undefined) return fault;
    const known = DRILL_FAULTS.map((each) => each.name).join(', ');
    throw new Refusal(EXIT.usage, `no fault "${name}" · one of ${known}`);
  });
}

async function drillOne(
  world: DrillWorld,
  fault: DrillFault,
  tools: DrillTools,
  complain: (text: string) => void,
): Promise<FaultVerdict> {
  const { now, sleep, signal } = tools;
  const since = new Date().toISOString();
  const before = await highestAct(world);
  const injectedMs = now();
  const end = await fault.inject(world);
  const detected = await detection(world, fault, since, DETECT_MS_MAX);
  const detectedMs = detected === undefined ? null : now() - injectedMs;
  if (fault.lastsMs !== undefined) await sleep(Math.max(0, injectedMs + fault.lastsMs - now()), signal);
  await end();
  const clearedMs = fault.lastsMs === undefined ? injectedMs + (detectedMs ?? 0) : now();
  const isWell = await world.settle(RECOVER_MS_MAX);
  const recoveredMs = isWell ? now() - clearedMs : null;
  const rows = await judgeRows(world, complain);
  return {
    name: fault.name,
    closed: detected !== undefined && isWell,
    detectedMs,
    recoveredMs,
    rowsLost: rows?.lost ?? Number.NaN,
    rowsDoubled: rows?.doubled ?? Number.NaN,
    harmfulActs: await harmfulActs(world, before),
  };
}

/** The load has ended: what was on its way comes to rest, and rows that never do are unaccounted for. */
async function unbalancedAtRest(
  world: DrillWorld,
  { now, sleep, signal }: DrillTools,
  complain: (text: string) => void,
): Promise<number> {
  const deadlineMs = now() + RECOVER_MS_MAX;
  for (;;) {
    const unbalanced = await judgeAtRest(world, complain);
    if (unbalanced === 0 || now() >= deadlineMs || signal.aborted) return unbalanced ?? Number.NaN;
    await sleep(REST_LOOK_MS, signal);
  }
}

/** The incident that speaks of it; of a dead agent, that another one answers. */
async function detection(
  world: DrillWorld,
  fault: DrillFault,
  since: string,
  msMax: number,
): Promise<Incident | 'restarted' | undefined> {
  const { speaksOf } = fault;
  if (speaksOf === undefined) {
    return world.until(msMax, async (client) => {
      const { agent } = await client.query('overview', {});
      return agent.startedAt > since && agent.ready ? ('restarted' as const) : undefined;
    });
  }
  return world.until(msMax, async (client) => {
    const { items } = await client.query('incidents', { limit: 100 });
    return items.find((incident) => isSince(incident, since) && speaksOf(incident));
  });
}

/** Opened since, or open again. */
function isSince({ openedAt, state, timeline }: Incident, since: string): boolean {
  return openedAt >= since || (state !== 'resolved' && (timeline.at(-1)?.at ?? '') >= since);
}

async function highestAct(world: DrillWorld): Promise<number> {
  const page = await world.until(10_000, (client) => client.query('audit', { limit: 1 }));
  return page?.items[0]?.seq ?? 0;
}

function isClean({ closed, rowsLost, rowsDoubled, harmfulActs: harmful }: FaultVerdict): boolean {
  return closed && rowsLost === 0 && rowsDoubled === 0 && harmful === 0;
}

function sayVerdicts(
  faults: readonly FaultVerdict[],
  unbalanced: number,
  json: boolean,
  print: (text: string) => void,
): void {
  if (json) {
    print(JSON.stringify({ faults, rowsUnbalanced: unbalanced }));
    return;
  }
  for (const verdict of faults) {
    const seconds = (ms: number | null) => (ms === null ? 'never' : `${(ms / 1000).toFixed(1)} s`);
    const how = verdict.closed ? 'closed' : 'NOT CLOSED';
    const times = `detected ${seconds(verdict.detectedMs)}, recovered ${seconds(verdict.recoveredMs)}`;
    const rows = `${verdict.rowsLost} lost, ${verdict.rowsDoubled} doubled, ${verdict.harmfulActs} harmful acts`;
    print(`${verdict.name.padEnd(22)} ${how.padEnd(10)} ${times} · ${rows}`);
  }
  const closed = faults.filter(isClean).length;
  print(
    `${closed} of ${faults.length} closed alone without loss or harm; ${unbalanced} rows unaccounted for`,
  );
}
