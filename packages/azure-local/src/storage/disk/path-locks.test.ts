import { expect, test } from 'vitest';
import { PathLocks } from './path-locks.ts';

/** A job that says when it starts and ends when it is told to. */
function job(name: string, log: string[]) {
  let finish = () => {};
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = async () => {
    log.push(`+${name}`);
    await gate;
    log.push(`-${name}`);
  };
  return { work, finish };
}

async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

test('writers of one path take turns, writers of others do not wait', async () => {
  const [locks, log]: [PathLocks, string[]] = [new PathLocks(), []];
  const [one, two, other] = ['one', 'two', 'other'].map((name) => job(name, log));
  if (one === undefined || two === undefined || other === undefined) throw new Error('unreachable');
  const all = [
    locks.withPath('lake', 'a', one.work),
    locks.withPath('lake', 'a', two.work),
    locks.withPath('lake', 'b', other.work),
  ];
  await settle();
  expect(log).toEqual(['+one', '+other']);
  for (const { finish } of [one, two, other]) finish();
  await Promise.all(all);
  expect(log.indexOf('-one')).toBeLessThan(log.indexOf('+two'));
});

test('who moves a tree is alone in the file system, and nobody overtakes it', async () => {
  const [locks, log]: [PathLocks, string[]] = [new PathLocks(), []];
  const [writer, mover, late] = ['writer', 'mover', 'late'].map((name) => job(name, log));
  if (writer === undefined || mover === undefined || late === undefined) throw new Error('unreachable');
  const all = [
    locks.withPath('lake', 'a', writer.work),
    locks.withTree('lake', mover.work),
    locks.withPath('lake', 'b', late.work),
  ];
  await settle();
  expect(log).toEqual(['+writer']);
  for (const { finish } of [writer, mover, late]) finish();
  await Promise.all(all);
  expect(log).toEqual(['+writer', '-writer', '+mover', '-mover', '+late', '-late']);
});

test('a failing writer lets the next one in', async () => {
  const locks = new PathLocks();
  const failing = locks.withPath('lake', 'a', async () => {
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  expect(await locks.withPath('lake', 'a', async () => 'in')).toBe('in');
  expect(await locks.withTree('lake', async () => 'alone')).toBe('alone');
});
