import { describe, expect, it } from 'vitest';
import { lakeVerbs } from '../lake-verbs.ts';
import { upOptions } from '../up-options.ts';
import { allVerbs } from '../verbs.ts';
import { parseLine } from './parse-line.ts';
import type { Line } from './verb.ts';

const CONTEXT = { cwd: '/here', wallMs: () => Date.UTC(2026, 10, 22, 14) };

function parse(...args: string[]): Line {
  const parsed = parseLine(args, allVerbs(), CONTEXT);
  if (parsed.kind !== 'run') throw new Error('help was asked for');
  return parsed.line;
}

describe('a command line', () => {
  it('gives words and options by name, paths meant from where the person stands', () => {
    const line = parse('slices', 'silver.orders', '--state', 'failed', '--lake', 'my', '--json', '--limit=5');
    expect(line.verb.name).toBe('slices');
    expect(line.words).toEqual({ dataset: 'silver.orders' });
    expect(line.values).toEqual({ state: 'failed', lake: '/here/my', json: true, limit: 5 });
  });

  it('may have two words as its verb', () => {
    expect(parse('audit').verb.name).toBe('audit');
    expect(parse('audit', 'verify', '--json').verb.name).toBe('audit verify');
    expect(parse('runbook', 'show', 'stuck-adf-run').words).toEqual({ name: 'stuck-adf-run' });
  });

  it('may end with as many words as there are', () => {
    expect(parse('drill', 'storage-503', 'poison-flood', '--json').words).toEqual({
      fault: 'storage-503 poison-flood',
    });
    expect(parse('drill', 'storage-503').words).toEqual({ fault: 'storage-503' });
    expect(parse('drill', '--all').words).toEqual({});
  });

  it.each([
    ['2h', '2026-11-22T16:00:00.000Z'],
    ['7d', '2026-11-29T14:00:00.000Z'],
    ['2026-12-01T08:00Z', '2026-12-01T08:00:00.000Z'],
    ['2026-12-01T08:00:30.5Z', '2026-12-01T08:00:30.500Z'],
  ])('takes a duration or a time as the end of something: %s', (text, until) => {
    expect(parse('hold', 'silver.orders@2011-11-11', '--reason', 'why', '--until', text).values.until).toBe(
      until,
    );
  });

  it('reads every option of up', () => {
    const args =
      '--once --json --data d --lake /l --as-of 2011-12-10 --rows 20000 --pipeline p.yaml --drain-every 90s --window-every 30s --port 7077';
    expect(upOptions(parse('up', ...args.split(' ')), '/l')).toEqual({
      lake: '/l',
      once: true,
      json: true,
      data: '/here/d',
      asOf: '2011-12-10',
      rows: 20_000,
      seed: undefined,
      pipeline: '/here/p.yaml',
      drainEveryMs: 90_000,
      windowEveryMs: 30_000,
      port: 7077,
    });
  });

  it.each([[[]], [['help']], [['--help']], [['-h']]])('shows all verbs for %j', (args) => {
    expect(parseLine(args, allVerbs(), CONTEXT)).toEqual({ kind: 'help', verbs: undefined });
  });

  it.each([
    [['up', '-h'], ['up']],
    [['help', 'up'], ['up']],
    [
      ['help', 'audit'],
      ['audit', 'audit verify'],
    ],
    [['help', 'audit', 'verify'], ['audit verify']],
  ])('shows one verb, or those of a family, for %j', (args, names) => {
    const parsed = parseLine(args, allVerbs(), CONTEXT);
    expect(parsed.kind === 'help' && parsed.verbs?.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    [['frob'], 'unknown verb "frob" · see'],
    [['statsu'], 'unknown verb "statsu" · did you mean "status"?'],
    [['help', 'statsu'], 'unknown verb "statsu" · did you mean "status"?'],
    [['--lake', 'x', 'status'], 'the verb comes first, then "--lake"'],
    [['runbook'], 'runbook what? · one of runbook list, runbook show, '],
    [['runbook', 'lsit'], 'unknown verb "runbook lsit" · one of runbook list'],
    [['status', '--once'], '--once does not go with status'],
    [['status', '--toString'], 'unknown option --toString'],
    [['up', '--onse'], 'unknown option --onse · did you mean --once?'],
    [['up', '--lake'], "Option '--lake <value>' argument missing"],
    [['status', '--json=yes'], "Option '--json' does not take an argument"],
    [['query'], 'query needs <sql> · one SQL text, in quotes'],
    [['query', 'select', '1'], 'unexpected "1" after query'],
    [['up', 'now'], 'unexpected "now" after up'],
    [['slices'], 'slices needs <dataset> · such as silver.orders'],
    [
      ['slices', 'silver.orders', '--state', 'odd'],
      '--state odd is none of its values · write one of fresh, building',
    ],
    [['pause', 'source:orders'], 'pause needs --reason · Why'],
    [['hold', 's', '--reason', 'why', '--until', 'later'], '--until later is no time · write such as 2h'],
    [['hold', 's', '--reason', 'why', '--until', '2026-11-22'], '--until 2026-11-22 is no time'],
    [['runs', '--limit', 'many'], '--limit many is no number'],
    [['up', '--rows', '0'], '--rows 0 is no count'],
    [['up', '--rows=-1'], '--rows -1 is no count'],
    [['up', '--seed', '1e3'], '--seed 1e3 is no count'],
    [['up', '--as-of', '2011-02-30'], '--as-of 2011-02-30 is no day · write YYYY-MM-DD'],
    [['up', '--as-of', '2011-13-01'], '--as-of 2011-13-01 is no day'],
    [['up', '--as-of', '10.12.2011'], '--as-of 10.12.2011 is no day'],
    [['up', '--drain-every', '5'], '--drain-every 5 is no duration · write such as 30s, 5m, 1h or 30d'],
    [['up', '--drain-every', '0s'], '--drain-every 0s is no duration'],
  ])('refuses %j with words and exit code 2', (args, message) => {
    expect(() => parse(...args)).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(message) }),
    );
    expect(() => parse(...args)).toThrow(/ · see: lakewarden help( \S+)*$/);
  });

  it.each([
    [['--seed', '1', '--data', 'd'], '--seed is for generated data'],
    [['--port', '70000'], '--port 70000 is no port'],
  ])('refuses options of up that make no sense: %j', (args, message) => {
    const line = parse('up', ...args);
    expect(() => upOptions(line, '/l')).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(message) }),
    );
    expect(lakeVerbs()[0]?.name).toBe('up');
  });
});
