import type { ActionName } from '@lakewarden/contracts';
import {
  type MemoryStorage,
  memoryStorage,
  type StorageCall,
  type StorageFault,
} from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import type { ControlState } from '../policy/control-state.ts';
import { CountingRandom } from '../testing.ts';
import {
  incidentEffect,
  planFor,
  SLICE,
  signal,
  startAgent,
  startedEffect,
  type TestAgent,
} from './action-world.fixture.ts';

const reason = 'the shop is closed';
const replayed = planFor('replay', [SLICE]).hash;
const filled = planFor('backfill', ['silver.orders@2011-11-10', SLICE]).hash;
const fillId = `backfill:${filled.slice(0, 16)}`;

type Step = readonly [ActionName, Readonly<Record<string, unknown>>];

const STEPS: readonly Step[] = [
  ['pause', { target: 'source:orders', reason }],
  ['pause', { target: 'silver.orders', reason, until: '2026-02-01T00:00:00Z' }],
  ['resume', { target: 'source:orders' }],
  ['freeze', { target: 'gold', reason }],
  ['freeze', { target: 'all', reason }],
  ['thaw', { target: 'gold' }],
  ['thaw', { target: 'all' }],
  ['hold', { slice: 'gold.sales@2011-11', reason }],
  ['waive', { slice: 'silver.orders@2011-11-12', as: 'empty', reason }],
  ['release', { slice: 'gold.sales@2011-11' }],
  ['retry', { target: SLICE }],
  ['rerun-adf', { source: 'source:stores', window: '2026-01-14' }],
  ['rerun-adf', { source: 'source:stores', window: '2026-01-13' }],
  ['replay', { target: SLICE }],
  ['apply', { plan: replayed }],
  ['backfill', { dataset: 'silver.orders', from: '2011-11-10', to: '2011-11-11' }],
  ['apply', { plan: filled }],
  ['pause', { target: fillId, reason }],
  ['cancel-run', { run: fillId }],
  ['acknowledge', { incident: 'i-1' }],
  ['approve', { execution: 'x-1' }],
  ['reject', { execution: 'x-2', reason }],
  ['reset-breaker', { dependency: 'storage' }],
];

function shuffled(seed: number): readonly Step[] {
  let state = seed;
  const steps = [...STEPS];
  for (let i = steps.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = state % (i + 1);
    [steps[i], steps[j]] = [steps[j] as Step, steps[i] as Step];
  }
  return steps;
}

async function seeded(storage: MemoryStorage, random: CountingRandom): Promise<void> {
  const { log } = await startAgent(storage, random);
  log.note([
    incidentEffect('i-1'),
    startedEffect('x-1', 'waiting-approval', 'i-1'),
    { ...startedEffect('x-2', 'waiting-approval'), cause: 'other' },
  ]);
  await log.flush(signal);
}

interface Ending {
  readonly state: ControlState;
  readonly answers: readonly string[];
  readonly puts: number;
}

/**
 * Asks for one thing after the other, each with its own key, until it is answered; after a crash of a new agent on what
 * is in the lake. `dies`: at which put, counted from the first step, and how.
 */
async function live(steps: readonly Step[], dies?: { at: number; as: StorageFault }): Promise<Ending> {
  let puts = -1;
  let isDead = false;
  const faults = ({ operation }: StorageCall): StorageFault | undefined => {
    if (isDead) return 'unavailable';
    if (puts < 0 || operation !== 'putIfAbsent') return undefined;
    puts += 1;
    if (puts !== dies?.at) return undefined;
    isDead = true;
    return dies.as;
  };
  const storage = memoryStorage({ faults });
  const random = new CountingRandom();
  await seeded(storage, random);
  let agent: TestAgent = await startAgent(storage, random);
  puts = 0;
  const answers: string[] = [];
  for (const [index, [name, input]] of steps.entries()) {
    let outcome = await agent.perform(name, input, { key: `step-${index}` });
    if (isDead) {
      isDead = false;
      agent = await startAgent(storage, random);
      outcome = await agent.perform(name, input, { key: `step-${index}` });
    }
    answers.push(outcome.kind === 'refused' ? outcome.code : 'ok');
  }
  const last = (await startAgent(storage, random)).log;
  expect(await last.verify(signal)).toMatchObject({ ok: true });
  return { state: last.state, answers, puts };
}

describe('any sequence of acts', () => {
  it('gives the same state and the same answers, whichever put the agent dies at', async () => {
    for (let seed = 1; seed <= 2; seed += 1) {
      const steps = shuffled(seed);
      const whole = await live(steps);
      expect(whole.answers).toContain('ok');
      for (let at = 1; at <= whole.puts; at += 1) {
        for (const as of ['unavailable', 'lost-before', 'lost-after', 'late'] as const) {
          const crashed = await live(steps, { at, as });
          const where = `seed ${seed}, died at put ${at} (${as})`;
          expect(crashed.answers, where).toEqual(whole.answers);
          expect(crashed.state, where).toEqual(whole.state);
        }
      }
    }
  });

  it('goes on from the lake alone', async () => {
    const storage = memoryStorage();
    const random = new CountingRandom();
    await seeded(storage, random);
    for (const [index, [name, input]] of STEPS.entries()) {
      const agent = await startAgent(storage, random);
      expect(await agent.perform(name, input, { key: `step-${index}` }), name).toMatchObject({ kind: 'ok' });
    }
    const { state } = (await startAgent(storage, random)).log;
    const whole = await live(STEPS);
    expect(state).toEqual(whole.state);
  });
});
