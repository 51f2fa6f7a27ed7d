import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchAzure, EMPTY_SERVER } from './bench-azure.ts';
import { judge, option } from './figures.ts';
import { BenchProcess } from './processes.ts';

/**
 * What a standing agent costs while nothing happens: 100 datasets, all built, drains every 5 minutes as shipped, beside an
 * empty process with the same Node and the same web server. Both are watched for the same minute.
 */
const ROWS = 1_500;
const GOLD_COPIES = 73;
const SETTLE_MS = 30_000;
const RSS_MIB_MAX = 256;
const CPU_PERCENT_MAX = 1;
/** USER_HZ of Linux. */
const TICKS_PER_SECOND = 100;

interface Cost {
  readonly rssMiB: number;
  readonly cpuPercent: number;
}

export async function benchIdle(args: readonly string[]): Promise<boolean> {
  const seconds = Math.max(60, option(args, 'seconds', 120));
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-bench-'));
  const azure = await BenchAzure.start(folder, ROWS);
  try {
    const config = azure.writeConfig('idle', {}, GOLD_COPIES);
    const worked = await built(azure, config);
    const agent = azure.startAgent(config);
    const peer = new BenchProcess(EMPTY_SERVER, []);
    await agent.line((line) => line.type === 'AgentReady');
    await pause(SETTLE_MS);
    const [ours, empty] = await Promise.all([costOf(agent, seconds), costOf(peer, seconds)]);
    await agent.stop();
    await peer.stop();
    const told = (name: string, { rssMiB, cpuPercent }: Cost) =>
      console.log(`${name.padEnd(22)} ${rssMiB.toFixed(0)} MiB · ${cpuPercent.toFixed(2)} % of a core`);
    console.log(`${seconds} s without events, ${27 + GOLD_COPIES} datasets`);
    told('agent, all built', worked);
    told('agent, started anew', ours);
    told('empty Node + Fastify', empty);
    console.log(`ratio: ${(ours.rssMiB / empty.rssMiB).toFixed(1)} × the memory of an empty process`);
    const memory = judge('idle agent RSS, MiB', ours.rssMiB, { max: RSS_MIB_MAX });
    return judge('idle agent CPU, % of a core', ours.cpuPercent, { max: CPU_PERCENT_MAX }) && memory;
  } finally {
    await azure.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds everything, and says what the process costs while it rests afterwards. */
async function built(azure: BenchAzure, config: string): Promise<Cost> {
  const agent = azure.startAgent(config);
  await quiet(agent);
  const cost = await costOf(agent, 10);
  await agent.stop();
  return cost;
}

/** Until it has committed something, and nothing for a while. */
async function quiet(agent: BenchProcess): Promise<void> {
  await agent.line((line) => line.type === 'RunCommitted' && String(line.dataset).startsWith('gold.'));
  for (let seen = -1; seen !== agent.lines.length; ) {
    seen = agent.lines.length;
    await pause(QUIET_MS);
  }
}

const QUIET_MS = 10_000;

async function costOf(process: BenchProcess, seconds: number): Promise<Cost> {
  const before = cpuTicks(process.pid);
  const startedMs = performance.now();
  await pause(seconds * 1_000);
  const tookS = (performance.now() - startedMs) / 1_000;
  const cpuPercent = ((cpuTicks(process.pid) - before) / TICKS_PER_SECOND / tookS) * 100;
  return { rssMiB: rssMiB(process.pid), cpuPercent };
}

/** User and system time of all threads. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function rssMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;
}
