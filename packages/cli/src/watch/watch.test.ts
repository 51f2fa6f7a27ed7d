import {
  aBackfill,
  anOverview,
  aRun,
  aSource,
  type FakeAgent,
  type FakeAgentOptions,
  startFakeAgent,
} from '@lakewarden/client/testing';
import type { AgentEvent } from '@lakewarden/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeWorld, type FakeWorldOptions, fakeWorld, run } from '../testing/fake-world.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function setUp(options: Omit<FakeAgentOptions, 'intercept'> = {}, worldOptions: FakeWorldOptions = {}) {
  const fake = await startFakeAgent({ token: 'unused', ...options, intercept: authorize });
  closing.push(() => fake.close());
  const world = fakeWorld({ ...worldOptions, env: { LAKEWARDEN_AGENT: fake.url } });
  return { fake, world };
}

/** These tests are not about tokens. */
const authorize: NonNullable<FakeAgentOptions['intercept']> = (request) => {
  request.headers.authorization = 'Bearer unused';
  return false;
};

/** Resolves when somebody listens, then sends these. */
async function sendTo(fake: FakeAgent, ...events: readonly AgentEvent[]): Promise<void> {
  while (fake.streams.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const event of events) fake.send(event);
}

async function until(world: FakeWorld, isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  world.stop.abort();
}

describe('watching', () => {
  it('follows backfills to their end, a line on a pipe, and fails when one failed', async () => {
    const { fake, world } = await setUp({
      queries: { backfills: { items: [aBackfill()] }, backfill: aBackfill() },
    });
    const ended = run('backfills --watch', world);
    await sendTo(
      fake,
      { type: 'backfill', backfill: aBackfill({ built: 20 }) },
      { type: 'backfill', backfill: aBackfill({ state: 'paused', built: 20 }) },
      { type: 'backfill', backfill: aBackfill({ state: 'failed', built: 28, failed: 1 }) },
    );
    expect(await ended).toBe(1);
    expect(world.complained).toEqual([
      'backfill silver.orders 2011-11-01 … 2011-11-30  paused',
      'backfill silver.orders 2011-11-01 … 2011-11-30  failed · 1 of 29 failed',
    ]);
    expect(world.printed).toEqual([]);
  });

  it('draws bars on a terminal and is done when the one that is named is', async () => {
    const { fake, world } = await setUp({ queries: { backfill: aBackfill() } }, { columns: 100 });
    const ended = run('backfills backfill:1a2b3c4d --watch', world);
    await sendTo(fake, { type: 'backfill', backfill: aBackfill({ state: 'done', built: 29 }) });
    expect(await ended).toBe(0);
    expect(world.drawn.join('')).toContain('18 of 29');
  });

  it('is done at once when the backfill has ended, or none is under way', async () => {
    const over = aBackfill({ state: 'done', built: 29 });
    const { world } = await setUp({ queries: { backfill: over, backfills: { items: [over] } } });
    expect(await run('backfills 1a2b3c4d --watch', world)).toBe(0);
    expect(await run('backfills --watch', world)).toBe(0);
    expect(world.complained.at(-1)).toBe('no backfill is under way');
  });

  it('sees an end that came while nobody listened', async () => {
    let asked = 0;
    const { world } = await setUp({
      queries: { backfill: () => aBackfill(asked++ === 0 ? {} : { state: 'done', built: 29 }) },
    });
    expect(await run('backfills 1a2b3c4d --watch', world)).toBe(0);
  });

  it('draws status again when an event says that it is another one', async () => {
    let next = 'retry silver.orders@2011-11-11';
    const { fake, world } = await setUp(
      { queries: { overview: () => anOverview({ next }) } },
      { columns: 70 },
    );
    const ended = run('status --watch', world);
    await sendTo(fake);
    while (world.drawn.length === 0) await new Promise((resolve) => setImmediate(resolve));
    next = 'breakers';
    fake.send({ type: 'run', run: aRun() });
    await until(world, () => world.drawn.some((text) => text.includes('lakewarden breakers')));
    expect(await ended).toBe(0);
    for (const line of world.drawn.join('').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(world.drawn[1]).toMatch(/^\u001b\[\d+A\u001b\[0J/);
  });

  it('says a line on a pipe, and says it again only when it is another one', async () => {
    let events = 0;
    const { world } = await setUp({
      queries: { lag: () => ({ sources: [aSource({ events: events++ < 3 ? 0 : 312 })] }) },
    });
    const ended = run('lag --watch', world);
    await until(world, () => world.printed.length === 2);
    expect(await ended).toBe(0);
    expect(world.printed).toEqual([
      '14:06:12 orders fresh · lag 0',
      '14:06:12 orders fresh · lag 312 events, 4 s',
    ]);
  });

  it('says each run, those of one dataset when asked to', async () => {
    const { fake, world } = await setUp();
    const ended = run('runs --watch --dataset silver.orders', world);
    await sendTo(
      fake,
      { type: 'run', run: aRun({ dataset: 'gold.daily_sales' }) },
      { type: 'run', run: aRun({ state: 'failed', error: 'decimal\u001b overflow', rows: undefined }) },
    );
    await until(world, () => world.printed.length === 1);
    expect(await ended).toBe(0);
    expect(world.printed).toEqual([
      '14:06:15 run 8f3c0a1b  silver.orders ×2 · failed · 3.1 s · decimal· overflow',
    ]);
  });

  it('tails the activity log, or every event as a line of JSON', async () => {
    const fact: AgentEvent = {
      type: 'fact',
      at: '2026-11-22T14:06:10.000Z',
      level: 'warn',
      fact: 'HubFailed',
      message: 'a hub could not be drained',
    };
    for (const line of ['events', 'events --json']) {
      const { fake, world } = await setUp();
      const ended = run(line, world);
      await sendTo(fake, { type: 'run', run: aRun() }, fact);
      const wanted = line === 'events' ? 1 : 2;
      await until(world, () => world.printed.length === wanted);
      expect(await ended).toBe(0);
      expect(world.printed.at(-1)).toBe(
        line === 'events' ? '14:06:10 warn  a hub could not be drained' : JSON.stringify(fact),
      );
    }
  });

  it.each(['status --watch', 'events', 'runs --watch', 'backfills --watch'])(
    '%s ends with exit code 4 when nobody is there',
    async (line) => {
      const { fake, world } = await setUp();
      await fake.close();
      expect(await run(line, world)).toBe(4);
    },
  );

  it('has no document to give while it watches', async () => {
    const { world } = await setUp();
    expect(await run('status --watch --json', world)).toBe(2);
    expect(world.complained[0]).toContain('use: lakewarden events --json');
  });
});
