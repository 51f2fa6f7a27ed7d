import { ACTION_NAMES, QUERY_NAMES } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { EXIT } from './exit.ts';
import { fakeWorld, run } from './testing/fake-world.ts';
import { allVerbs } from './verbs.ts';

describe('the verbs', () => {
  const verbs = allVerbs();

  it('are each action of the catalogue under its own name, none missing, none extra', () => {
    const acting = verbs.filter(({ group }) => group === 'act');
    expect(acting.map(({ name }) => name)).toEqual(ACTION_NAMES);
    expect(acting.map(({ action }) => action)).toEqual(ACTION_NAMES);
  });

  it('ask every query of the contract, each in one place', () => {
    const asked = verbs.flatMap(({ queries = [] }) => queries);
    expect(asked.toSorted()).toEqual(QUERY_NAMES.toSorted());
  });

  it('are no others than those that need no agent, show events, or are a second name of an action', () => {
    const rest = verbs.filter(({ group, queries }) => group !== 'act' && queries === undefined);
    expect(rest.map(({ name, action }) => action ?? name)).toEqual([
      'up',
      'agent',
      'doctor',
      'token',
      'tables',
      'query',
      'watch',
      'events',
      'run-runbook',
      'approve',
      'reject',
      'runbook test',
      'drill',
    ]);
  });

  it('have names, options and positionals that cannot be confused', async () => {
    expect(new Set(verbs.map(({ name }) => name)).size).toBe(verbs.length);
    for (const { name, options, positionals, summary } of verbs) {
      const names = options().map((option) => option.name);
      expect(new Set(names).size, name).toBe(names.length);
      expect(
        names.filter((option) => !/^[a-z][a-z-]*$/.test(option)),
        name,
      ).toEqual([]);
      const firstOptional = positionals.findIndex(({ required }) => !required);
      expect(
        positionals.slice(firstOptional).some(({ required }) => required && firstOptional >= 0),
        name,
      ).toBe(false);
      expect(
        options().filter(({ about }) => about === ''),
        name,
      ).toEqual([]);
      expect(summary, name).toMatch(/^\S.{5,110}$/);
    }
  });

  it('all stand in the help, and each has a help of its own', async () => {
    const world = fakeWorld();
    expect(await run('help', world)).toBe(EXIT.done);
    for (const { name } of verbs) expect(world.printed[0]).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    for (const { name } of verbs) {
      expect(await run(`help ${name}`, world)).toBe(EXIT.done);
      expect(await run(`${name} --help`, world)).toBe(EXIT.done);
      expect(world.printed.at(-1)).toContain(`lakewarden ${name}`);
    }
  });
});
