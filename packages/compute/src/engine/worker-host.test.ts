import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createDuckDbEngine } from './duckdb-engine.ts';
import { createQueryEngine } from './query-engine.ts';
import { bronzeOf, chunksOf, compile, engineWorld, NEVER } from './testing/engine-world.ts';
import { WorkerHost, type WorkerHostOptions } from './worker-host.ts';

const world = engineWorld();
const HUGE = 'select count(*) from range(100000000000) a, range(1000) b where a.range + b.range = 7';
const question = { sql: HUGE, relations: [] };

const options = (more: Partial<WorkerHostOptions> = {}): WorkerHostOptions => ({
  memoryLimitBytes: 128 << 20,
  threads: 2,
  tempDir: join(world.dir, 'host'),
  ...more,
});

/** A worker in whose place ours could be: does to every job what `script` says. */
function hostOf(script: string, more: Partial<WorkerHostOptions> = {}): WorkerHost {
  const program = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (m) => { if (m.type === 'close') parentPort.close(); ${script} });`;
  const host = new WorkerHost(
    options({ entry: new URL(`data:text/javascript,${encodeURIComponent(program)}`), ...more }),
  );
  afterAll(() => host.close());
  return host;
}

describe('the engine’s thread', () => {
  it('interrupts an aborted query and goes on with the next', async () => {
    const queries = createQueryEngine(options());
    afterAll(() => queries.close());
    const stop = new AbortController();
    const asked = queries.query(question, stop.signal);
    const answered = queries.query({ sql: 'select 1', relations: [] }, NEVER);
    expect((await answered).rows).toEqual([[1]]);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ name: 'TransientError', code: 'cancelled' });
    expect((await queries.query({ sql: 'select 2', relations: [] }, NEVER)).rows).toEqual([[2]]);
  });

  it('calls an abort for time a timeout', async () => {
    const queries = createQueryEngine(options());
    afterAll(() => queries.close());
    await expect(queries.query(question, AbortSignal.timeout(50))).rejects.toMatchObject({
      name: 'TransientError',
      code: 'timeout',
    });
  });

  it('does not start a job that is aborted already', async () => {
    const host = hostOf('');
    const stop = AbortSignal.abort();
    await expect(host.run('query', question, stop)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('answers out of memory as such', async () => {
    const queries = createQueryEngine(options({ memoryLimitBytes: 16 << 20 }));
    afterAll(() => queries.close());
    const sql =
      "select max(len(l)) from (select list(range || 'padding') l from range(20000000) group by range % 2)";
    await expect(queries.query({ sql, relations: [] }, NEVER)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'out-of-memory',
    });
  });

  it('fails the jobs of a thread that died as transient and starts another for the next', async () => {
    const host = hostOf(
      `if (m.job?.sql === 'die') process.exit(3);
       else if (m.type === 'run') parentPort.postMessage({ type: 'done', id: m.id, result: 'alive' });`,
    );
    await expect(host.run('query', { ...question, sql: 'die' }, NEVER)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'unavailable',
    });
    expect(await host.run('query', { ...question, sql: 'live' }, NEVER)).toBe('alive');
  });

  it('fails an uncaught error of the thread as transient', async () => {
    const host = hostOf(`if (m.type === 'run') throw new Error('boom');`);
    await expect(host.run('query', question, NEVER)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives up a thread that does not answer an abort, and its other jobs with it', async () => {
    const host = hostOf(
      `if (m.type === 'run' && m.job.sql === 'live') parentPort.postMessage({ type: 'done', id: m.id, result: 1 });`,
      { sleep: () => Promise.resolve() },
    );
    const stop = new AbortController();
    const stuck = host.run('query', question, stop.signal);
    const other = host.run('query', question, NEVER);
    const waiting = host.run('query', { ...question, sql: 'live' }, NEVER);
    stop.abort();
    await expect(stuck).rejects.toMatchObject({ name: 'TransientError', code: 'cancelled' });
    await expect(other).rejects.toMatchObject({ name: 'TransientError', code: 'unavailable' });
    expect(await waiting).toBe(1);
  });

  it('refuses jobs while too many threads are stuck', async () => {
    const program = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => undefined);`;
    const entry = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const host = new WorkerHost(options({ entry, sleep: () => Promise.resolve() }));
    for (const _ of [1, 2]) {
      const stop = new AbortController();
      const stuck = host.run('query', question, stop.signal);
      stop.abort();
      await expect(stuck).rejects.toMatchObject({ code: 'cancelled' });
    }
    await expect(host.run('query', question, NEVER)).rejects.toMatchObject({ code: 'unavailable' });
    await host.close();
  });

  it('survives replacing a thread whose query is still running', async () => {
    const queries = createQueryEngine(options({ sleep: () => Promise.resolve() }));
    afterAll(() => queries.close());
    const stop = new AbortController();
    const asked = queries.query(question, stop.signal);
    await queries.query({ sql: 'select 1', relations: [] }, NEVER);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    expect((await queries.query({ sql: 'select 2', relations: [] }, NEVER)).rows).toEqual([[2]]);
  });

  it('takes an aborted job out of the queue', async () => {
    const host = hostOf('', { sleep: () => new Promise(() => undefined) });
    const running = Promise.allSettled([1, 2].map(() => host.run('query', question, NEVER)));
    const stop = new AbortController();
    const waiting = host.run('query', question, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await host.close();
    const cancelled = { status: 'rejected', reason: { code: 'cancelled' } };
    expect(await running).toMatchObject([cancelled, cancelled]);
  });

  it('brings errors over with class, code and message', async () => {
    const host = hostOf(
      `if (m.type === 'run') parentPort.postMessage({ type: 'failed', id: m.id,
        failure: { kind: 'terminal', code: 'unbalanced', message: '5 is not 3' } });`,
    );
    await expect(host.run('query', question, NEVER)).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'unbalanced',
      message: '5 is not 3',
    });
  });

  it('removes its spill files and refuses jobs when closed', async () => {
    const tempDir = join(world.dir, 'closing');
    const pipeline = compile({
      'pipeline.yaml': `
pipeline: test
sources: { a: { kind: event-hub, namespace: n, hub: a } }
bronze: { a: { source: a } }
silver: { a: { from: bronze.a, slice: day, columns: { a: { field: a, type: string } } } }
`,
    });
    const engine = createDuckDbEngine(options({ tempDir }));
    const dataset = bronzeOf(pipeline, 'a');
    const job = { dataset, generation: 'g', chunks: chunksOf([{ body: '{}' }]), outDir: world.scratch() };
    await engine.writeStream(job, NEVER);
    expect(readdirSync(tempDir)).toHaveLength(1);
    await engine.close();
    expect(existsSync(tempDir) ? readdirSync(tempDir) : []).toEqual([]);
    await expect(engine.writeStream({ ...job, chunks: [] }, NEVER)).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
