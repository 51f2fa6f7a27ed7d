import { describe, expect, test } from 'vitest';
import type { FaultTarget } from '../server/service.ts';
import { FaultBoard } from './fault-board.ts';
import { parseRule } from './parse-rule.ts';

const PUT: FaultTarget = { service: 'storage', method: 'PUT', path: '/lake/a', operation: 'put-blob' };

function boardWith(...rules: unknown[]): { board: FaultBoard; ids: string[] } {
  const board = new FaultBoard();
  const ids = rules.map((input) => {
    const parsed = parseRule(input);
    if (!parsed.ok) throw new Error(parsed.reason);
    return board.install(parsed.rule) ?? '';
  });
  return { board, ids };
}

const storage = (action: object, rest: object = {}) => ({ service: 'storage', action, ...rest });

const factory = (action: object, rest: object = {}) => ({ service: 'data-factory', action, ...rest });

describe('a fault', () => {
  test('strikes before the effect, which then never happens', async () => {
    const { board } = boardWith(storage({ kind: 'error', status: 503, code: 'ServerBusy', retryAfterS: 2 }));
    let effects = 0;
    const outcome = await board.around(PUT, async () => ++effects);
    expect(outcome).toEqual({
      kind: 'error',
      effect: false,
      status: 503,
      code: 'ServerBusy',
      retryAfterS: 2,
    });
    expect(effects).toBe(0);
  });

  test('strikes after the effect, which then has happened', async () => {
    const { board } = boardWith(storage({ kind: 'drop', when: 'after' }));
    let effects = 0;
    expect(await board.around(PUT, async () => ++effects)).toEqual({ kind: 'drop', effect: true });
    expect(effects).toBe(1);
  });

  test('leaves alone what it does not match', async () => {
    const action = { kind: 'drop', when: 'before' };
    const { board } = boardWith(
      storage(action, { match: { method: 'GET' } }),
      storage(action, { match: { path: '^/other/' } }),
      storage(action, { match: { operation: 'rename' } }),
      { service: 'arm', action },
    );
    expect(await board.around(PUT, async () => 1)).toEqual({ kind: 'done', value: 1 });
    expect(board.report().map(({ hits }) => hits)).toEqual([0, 0, 0, 0]);
  });

  test('waits for its turn and is spent after its count', async () => {
    const { board } = boardWith(storage({ kind: 'drop', when: 'before' }, { skip: 2, count: 1 }));
    const kinds: string[] = [];
    for (let n = 0; n < 5; n++) kinds.push((await board.around(PUT, async () => n)).kind);
    expect(kinds).toEqual(['done', 'done', 'drop', 'done', 'done']);
  });

  test('strikes the same requests for the same seed, about as often as asked', async () => {
    const run = async (seed: number) => {
      const { board } = boardWith(storage({ kind: 'drop', when: 'before' }, { probability: 0.25, seed }));
      const kinds: string[] = [];
      for (let n = 0; n < 400; n++) kinds.push((await board.around(PUT, async () => n)).kind);
      return kinds;
    };
    const [one, again, other] = [await run(7), await run(7), await run(8)];
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    const hits = one.filter((kind) => kind === 'drop').length;
    expect(hits).toBeGreaterThan(60);
    expect(hits).toBeLessThan(140);
  });
});

describe('a fault of what a service does', () => {
  const COPY: FaultTarget = { service: 'data-factory', method: 'RUN', path: '/a', operation: 'copy' };

  test('is given to the service that asks for its kind, and leaves requests alone', async () => {
    const { board } = boardWith(factory({ kind: 'distort-copy', what: 'zero-rows' }, { count: 1 }));
    expect(await board.around(COPY, async () => 1)).toEqual({ kind: 'done', value: 1 });
    expect(board.strike(COPY, 'stuck-run')).toBeUndefined();
    expect(board.strike({ ...COPY, service: 'arm' }, 'distort-copy')).toBeUndefined();
    expect(board.strike(COPY, 'distort-copy')).toEqual({ kind: 'distort-copy', what: 'zero-rows' });
    expect(board.strike(COPY, 'distort-copy')).toBeUndefined();
    expect(board.report()).toMatchObject([{ hits: 1, seen: 2 }]);
  });

  test('stalls until it is deleted or the work is stopped', async () => {
    const { board, ids } = boardWith(factory({ kind: 'stuck-run' }));
    const stop = new AbortController();
    const stalls = [stop.signal, new AbortController().signal].map((signal) =>
      board.stall(COPY, 'stuck-run', signal),
    );
    expect(board.heldCount()).toBe(2);
    stop.abort();
    await stalls[0];
    expect(board.heldCount()).toBe(1);
    board.remove(ids[0] ?? '');
    await Promise.all(stalls);
  });

  test('tells of itself once, to the service that it is for', () => {
    const board = new FaultBoard();
    const told: string[] = [];
    board.onInstall('event-hubs', (fault) => {
      told.push(fault.kind);
      fault.strikes({ service: 'event-hubs', method: 'SEND', path: 'n/h/0', operation: 'send' });
    });
    for (const input of [
      { service: 'event-hubs', action: { kind: 'detach' } },
      factory({ kind: 'stuck-run' }),
    ]) {
      const parsed = parseRule(input);
      if (parsed.ok) board.install(parsed.rule);
    }
    expect(told).toEqual(['detach']);
    expect(board.report().map(({ hits }) => hits)).toEqual([1, 0]);
  });
});

describe('a held request', () => {
  test('stands still until its fault is deleted, then goes on', async () => {
    const { board, ids } = boardWith(storage({ kind: 'hold', when: 'before' }, { count: 1 }));
    let effects = 0;
    const outcome = board.around(PUT, async () => ++effects);
    await board.waitUntil(() => board.heldCount() > 0, 1000, new AbortController().signal);
    expect([board.heldCount(), effects]).toEqual([1, 0]);
    board.remove(ids[0] ?? '');
    expect(await outcome).toEqual({ kind: 'done', value: 1 });
  });

  test('is abandoned before its effect when the client has gone', async () => {
    const { board } = boardWith(storage({ kind: 'hold', when: 'before' }));
    const gone = new AbortController();
    let effects = 0;
    const outcome = board.around(PUT, async () => ++effects, gone.signal);
    gone.abort();
    expect(await outcome).toEqual({ kind: 'drop', effect: false });
    expect(effects).toBe(0);
  });

  test('keeps its effect when it is held after it', async () => {
    const { board } = boardWith(storage({ kind: 'hold', when: 'after' }));
    const gone = new AbortController();
    const outcome = board.around(PUT, async () => 1, gone.signal);
    await board.waitUntil(() => board.heldCount() > 0, 1000, new AbortController().signal);
    gone.abort();
    expect(await outcome).toEqual({ kind: 'drop', effect: true });
  });
});

test('a request for a fault that can not be understood says why', () => {
  const reasons = [
    storage({ kind: 'explode' }),
    storage({ kind: 'hold' }),
    storage({ kind: 'error', status: 200 }),
    storage({ kind: 'drop', when: 'before' }, { match: { url: 'x' } }),
    storage({ kind: 'drop', when: 'before' }, { match: { path: '(' } }),
    storage({ kind: 'drop', when: 'before' }, { probability: 2 }),
    { service: 'mail', action: { kind: 'drop', when: 'before' } },
    'nonsense',
    storage({ kind: 'stuck-run' }),
    storage({ kind: 'detach' }),
    factory({ kind: 'refuse' }),
    factory({ kind: 'distort-copy', what: 'all' }),
    factory({ kind: 'distort-copy', what: 'zero-rows', fileCount: 1 }),
    factory({ kind: 'distort-copy', what: 'partial', fileCount: -1 }),
    factory({ kind: 'listing-lag' }),
    { service: 'event-hubs', action: { kind: 'refuse' }, match: { operation: 'send' } },
  ].map((input) => parseRule(input));
  expect(reasons.map(({ ok }) => ok)).toEqual(Array(16).fill(false));
});
