import type { AgentClient, StreamState } from '@lakewarden/client';
import type { BackfillHealth } from '@lakewarden/contracts';
import { withAgent } from '../agent/with-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Line } from '../line/verb.ts';
import { plainText } from '../plain-text.ts';
import type { Progress } from '../progress.ts';
import { ProgressBars } from '../progress-bars.ts';
import { ProgressLines } from '../progress-lines.ts';
import type { World } from '../world.ts';
import { refuseJson } from './watch-answer.ts';

/**
 * Follows the backfills that are under way, or the one that is named, to their end: a bar each on a terminal, a line
 * every few seconds elsewhere. Done when all are done; failed when one failed or was cancelled.
 */
export function watchBackfills(line: Line, world: World): Promise<ExitCode> {
  refuseJson(line);
  const signal = world.stopSignal();
  const { id } = line.words;
  return withAgent(line, world, async ({ client }) => {
    const followed = new Map<string, BackfillHealth>();
    const progress = createProgress(world);
    const show = (backfill: BackfillHealth) => {
      const before = followed.get(backfill.id);
      followed.set(backfill.id, backfill);
      if (backfill.state === 'running')
        progress.update(nameOf(backfill), backfill.built + backfill.failed, backfill.total);
      if (before?.state !== backfill.state && (before !== undefined || backfill.state !== 'running'))
        progress.note(plainText(`${nameOf(backfill)}  ${backfill.state}${failedText(backfill)}`));
    };
    for (const backfill of await underWay(client, id, signal)) show(backfill);
    if (followed.size === 0) world.complain('no backfill is under way');
    if (!areOver(followed)) await follow(client, followed, show, id, signal);
    progress.end();
    const isGood = [...followed.values()].every(({ state, failed }) => state === 'done' && failed === 0);
    return isGood || signal.aborted ? EXIT.done : EXIT.failed;
  });
}

async function follow(
  client: AgentClient,
  followed: ReadonlyMap<string, BackfillHealth>,
  show: (backfill: BackfillHealth) => void,
  id: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<string>();
  const refresh = async () => {
    told.clear();
    const now = await Promise.all(
      [...followed.keys()].map((each) => client.query('backfill', { id: each }, signal)),
    );
    // What an event said meanwhile is newer.
    for (const backfill of now) if (!told.has(backfill.id)) show(backfill);
  };
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  let asking: Promise<void> = Promise.resolve();
  // What changed while nobody listened is asked for again; when that fails, whoever waits for the end is told.
  const askAgain = () => {
    asking = refresh().then(() => {
      if (areOver(followed)) over.abort();
    });
    asking.catch(() => over.abort());
  };
  const onState = ({ kind }: StreamState) => {
    if (kind === 'connected') askAgain();
  };
  for await (const event of client.events({ signal: both, onState })) {
    if (event.type === 'reset') askAgain();
    if (event.type !== 'backfill') continue;
    const { backfill } = event;
    told.add(backfill.id);
    const isNew = id === undefined && !hasEnded(backfill);
    if (isNew || followed.has(backfill.id)) show(backfill);
    if (areOver(followed)) break;
  }
  await asking;
}

async function underWay(
  client: AgentClient,
  id: string | undefined,
  signal: AbortSignal,
): Promise<readonly BackfillHealth[]> {
  if (id !== undefined) return [await client.query('backfill', { id }, signal)];
  const { items } = await client.query('backfills', {}, signal);
  return items.filter((backfill) => !hasEnded(backfill));
}

function createProgress({ panel, complain, now }: World): Progress {
  return panel === undefined
    ? new ProgressLines((text) => complain(text.trimEnd()), now)
    : new ProgressBars(panel, now);
}

function nameOf({ title, id }: BackfillHealth): string {
  return plainText(title === '' ? id : title);
}

function failedText({ failed, total }: BackfillHealth): string {
  return failed === 0 ? '' : ` · ${failed} of ${total} failed`;
}

function hasEnded({ state }: BackfillHealth): boolean {
  return state !== 'running' && state !== 'paused';
}

function areOver(followed: ReadonlyMap<string, BackfillHealth>): boolean {
  return [...followed.values()].every(hasEnded);
}
