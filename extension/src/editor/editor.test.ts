import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkFile, validatorOf } from './check-file.ts';
import { pipelineOutline, targetAt } from './pipeline-outline.ts';
import { problemsOfCheck, problemsOfRunbookTest, readProblem } from './read-problems.ts';
import { runBounded } from './run-bounded.ts';
import { findWorkspaceAgent } from './workspace-agent.ts';

describe('the outline of a pipeline file', () => {
  const shipped = readFileSync(
    new URL('../../../packages/retail/pipeline/pipeline.yaml', import.meta.url),
    'utf8',
  );

  it('has every source and dataset of the shipped one, where it stands', () => {
    const lines = shipped.split('\n');
    const outline = pipelineOutline(shipped);
    const targets = outline.map(({ target }) => target);
    expect(targets).toContain('source:vendors');
    expect(targets).toContain('bronze.orders');
    expect(targets).toContain('silver.orders');
    expect(targets).toContain('gold.daily_sales');
    expect(new Set(targets).size).toBe(targets.length);
    for (const { target, line, column, length } of outline)
      expect(lines[line]?.slice(column, column + length)).toBe(target.split(/[.:]/)[1]);
  });

  it('takes nothing deeper, commented, or of other sections for a dataset', () => {
    const text = `pipeline: x
# silver:
silver:
    # orders:
    orders:
        columns:
            country: { field: Country }
    "clicks": { from: bronze.clicks }

    'other':
        rules: {}
objectives:
  gold.daily_sales: { freshness: 15m }
gold: {}
logRules:
  rule: x
`;
    expect(pipelineOutline(text).map(({ target }) => target)).toEqual([
      'silver.orders',
      'silver.clicks',
      'silver.other',
    ]);
  });

  it.each(['', 'silver', 'silver: [', '\t\tx', ':\n:', 'silver:\n- a\n- b', '\u0000'.repeat(1_000)])(
    'survives %j',
    (text) => {
      expect(() => pipelineOutline(text)).not.toThrow();
    },
  );

  it('knows what is under the pointer: a key, or a name in a line', () => {
    const text = 'silver:\n  orders: { from: bronze.orders }';
    const outline = pipelineOutline(text);
    const line = '  orders: { from: bronze.orders }';
    expect(targetAt(outline, 1, line, 3)?.target).toBe('silver.orders');
    expect(targetAt(outline, 1, line, 22)?.target).toBe('bronze.orders');
    expect(targetAt(outline, 1, line, 12)).toBeUndefined();
    expect(targetAt([], 0, 'select * from silver.orders o', 16)?.target).toBe('silver.orders');
  });
});

describe('problems of the validator', () => {
  it('have a place and words', () => {
    expect(
      readProblem('pipeline.yaml:41:12  unknown column "unit_prise" · did you mean "unit_price"?'),
    ).toEqual({
      file: 'pipeline.yaml',
      line: 40,
      column: 11,
      message: 'unknown column "unit_prise" · did you mean "unit_price"?',
      isWhole: false,
    });
    expect(readProblem('C:\\lake\\pipeline.yaml:1:2  x')?.file).toBe('C:\\lake\\pipeline.yaml');
    expect(readProblem('pipeline.yaml  cannot be read')).toMatchObject({
      isWhole: true,
      message: 'cannot be read',
    });
    expect(readProblem('what is this')).toBeUndefined();
  });

  it('are read out of whatever else is said', () => {
    const stdout = [
      'a warning of node',
      '{"level":"error","type":"PipelineProblem","problem":"pipeline.yaml:1:1  x"}',
      '{"broken',
      '{"problem":7}',
      '{"problem":"sql/a.sql:3:4  y"}',
    ].join('\n');
    expect(problemsOfCheck(stdout).map(({ file, line }) => `${file} ${line}`)).toEqual([
      'pipeline.yaml 0',
      'sql/a.sql 2',
    ]);
  });

  it('of runbooks are those of the one file, and its tests that do not hold', () => {
    const path = '/lake/runbooks/stuck/runbook.yaml';
    const answer = {
      problems: [`${path}:3:5  unknown step`, '/lake/runbooks/other/runbook.yaml:1:1  x'],
      tests: [
        { runbook: 'stuck-adf-run', test: 'fires', ok: false, note: 'expected retry, came nothing' },
        { runbook: 'stuck-adf-run', test: 'rests', ok: true, note: '' },
        { runbook: 'other', test: 'x', ok: false, note: '' },
      ],
    };
    const problems = problemsOfRunbookTest(JSON.stringify({ answer }), { name: 'stuck-adf-run', path });
    expect(problems.map(({ message }) => message)).toEqual([
      'unknown step',
      'test "fires" does not hold: expected retry, came nothing',
    ]);
    for (const rubbish of ['', '{"answer":null}', '{"answer":{"problems":3,"tests":[null]}}'])
      expect(problemsOfRunbookTest(rubbish, { name: 'x', path })).toEqual([]);
  });
});

describe('the agent that a workspace has', () => {
  const main = '/ws/node_modules/@lakewarden/agent/src/main.ts';
  const find = (file: string, there: readonly string[], nodePath = '') =>
    findWorkspaceAgent(file, '/ws', nodePath, (path) => there.includes(path), 'linux');

  it('is looked for up to the workspace folder and never above it', () => {
    expect(find('/ws/a/b/pipeline.yaml', [main])).toEqual({ main, node: 'node', cwd: '/ws' });
    expect(find('/ws/a/pipeline.yaml', ['/node_modules/@lakewarden/agent/src/main.ts'])).toBeUndefined();
    expect(find('/ws/pipeline.yaml', [main, '/ws/node_modules/.bin/node'])?.node).toBe(
      '/ws/node_modules/.bin/node',
    );
    expect(find('/ws/pipeline.yaml', [main], '/opt/node')?.node).toBe('/opt/node');
  });
});

describe('checking a file', () => {
  const agent = { main: '/ws/main.ts', node: 'node', cwd: '/ws' };
  const never = new AbortController().signal;
  const run =
    (code: number, stdout: string, stderr = '') =>
    async () =>
      ({ kind: 'ended', code, stdout, stderr }) as const;

  it('is for pipeline files and runbooks alone', () => {
    expect(
      ['/a/pipeline.yaml', '/a/runbook.yaml', '/a/azure-pipeline.yaml', '/a/x.yml'].map(validatorOf),
    ).toEqual(['pipeline', 'runbook', undefined, undefined]);
  });

  it('says that it was not checked when the validator says nothing that we know', async () => {
    const file = { path: '/ws/pipeline.yaml', text: '' };
    expect(await checkFile(file, agent, never, run(0, ''))).toEqual({ kind: 'checked', problems: [] });
    expect(await checkFile(file, agent, never, run(9, '', 'node: bad option: x'))).toMatchObject({
      kind: 'notChecked',
      why: expect.stringContaining('bad option'),
    });
    expect(
      await checkFile(file, agent, never, async () => ({ kind: 'failed', problem: 'ENOENT' })),
    ).toMatchObject({ kind: 'notChecked' });
  });

  it('finds the problems of a real file with the real validator', { timeout: 60_000 }, async () => {
    const root = new URL('../../..', import.meta.url).pathname;
    const path = `${root}packages/retail/pipeline/pipeline.yaml`;
    const real = { main: `${root}agent/src/main.ts`, node: process.execPath, cwd: root };
    expect(await checkFile({ path, text: '' }, real, never)).toEqual({ kind: 'checked', problems: [] });
    const wrong = `${root}packages/retail/pipeline/sql/none/pipeline.yaml`;
    const found = await checkFile({ path: wrong, text: '' }, real, never);
    expect(found.kind === 'checked' && found.problems.length).toBe(1);
  });
});

describe('a program of a bounded run', () => {
  const node = (script: string) => ({ command: process.execPath, args: ['-e', script], cwd: '/' });
  const never = new AbortController().signal;

  it('is heard to its end', async () => {
    expect(await runBounded(node('console.log(1); process.exitCode = 3'), never)).toMatchObject({
      kind: 'ended',
      code: 3,
      stdout: '1\n',
    });
  });

  it('is ended when nobody wants it any more, or when it says too much', async () => {
    const over = new AbortController();
    const cancelled = runBounded(node('setInterval(() => {}, 1000)'), over.signal);
    over.abort();
    expect(await cancelled).toEqual({ kind: 'cancelled' });
    expect(await runBounded(node("setInterval(() => console.log('x'.repeat(1e5)), 1)"), never)).toMatchObject(
      {
        kind: 'failed',
      },
    );
  });

  it('that is not there is a failure in words', async () => {
    expect(await runBounded({ command: '/no/such/program', args: [], cwd: '/' }, never)).toMatchObject({
      kind: 'failed',
    });
  });
});
