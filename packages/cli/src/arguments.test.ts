import { describe, expect, it } from 'vitest';
import { parseCommand } from './arguments.ts';

const parse = (...args: string[]) => parseCommand(args, '/here');

describe('the command line', () => {
  it('keeps all state in .lakewarden of the folder where the person stands', () => {
    expect(parse('status')).toEqual({ verb: 'status', lake: '/here/.lakewarden', json: false });
    expect(parse('tables', '--lake', 'my', '--json')).toEqual({
      verb: 'tables',
      lake: '/here/my',
      json: true,
    });
  });

  it('reads every option of up', () => {
    const args =
      '--once --json --data d --lake /l --as-of 2011-12-10 --rows 20000 --pipeline p.yaml --drain-every 90s';
    expect(parse('up', ...args.split(' '))).toEqual({
      verb: 'up',
      lake: '/l',
      once: true,
      json: true,
      data: '/here/d',
      asOf: '2011-12-10',
      rows: 20_000,
      seed: undefined,
      pipeline: '/here/p.yaml',
      drainEveryMs: 90_000,
    });
  });

  it('takes one SQL text', () => {
    expect(parse('query', 'select 1')).toMatchObject({ verb: 'query', sql: 'select 1' });
  });

  it.each([[[]], [['help']], [['--help']], [['up', '-h']]])('shows its usage for %j', (args) => {
    expect(parse(...args)).toEqual({ verb: 'help' });
  });

  it.each([
    [['frob'], 'unknown verb "frob" · one of up, status, tables, query'],
    [['status', '--once'], '--once does not go with status'],
    [['up', '--onse'], "Unknown option '--onse'"],
    [['query'], 'query takes one SQL text · put it in quotes'],
    [['query', 'select', '1'], 'query takes one SQL text · put it in quotes'],
    [['up', 'now'], 'unexpected "now" after up'],
    [['up', '--rows', '0'], '--rows 0 is no count'],
    [['up', '--rows=-1'], '--rows -1 is no count'],
    [['up', '--seed', '1e3'], '--seed 1e3 is no count'],
    [['up', '--seed', '1', '--data', 'd'], '--seed is for generated data'],
    [['up', '--as-of', '2011-02-30'], '--as-of 2011-02-30 is no day · write YYYY-MM-DD'],
    [['up', '--as-of', '2011-13-01'], '--as-of 2011-13-01 is no day'],
    [['up', '--as-of', '10.12.2011'], '--as-of 10.12.2011 is no day'],
    [['up', '--drain-every', '5'], '--drain-every 5 is no duration · write such as 30s, 5m or 1h'],
    [['up', '--drain-every', '0s'], '--drain-every 0s is no duration'],
  ])('refuses %j with words and exit code 2', (args, message) => {
    expect(() => parse(...args)).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(message) }),
    );
    expect(() => parse(...args)).toThrow(/ · see: lakewarden help$/);
  });
});
