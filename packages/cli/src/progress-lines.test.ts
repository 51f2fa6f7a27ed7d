import { describe, expect, it } from 'vitest';
import { ProgressLines } from './progress-lines.ts';

function lines() {
  const said: string[] = [];
  const clock = { nowMs: 0 };
  const progress = new ProgressLines(
    (text) => said.push(text.trimEnd()),
    () => clock.nowMs,
  );
  const at = (ms: number, done: number, total?: number) => {
    clock.nowMs = ms;
    progress.update('send orders', done, total);
  };
  return { progress, said, at };
}

describe('progress on a pipe', () => {
  it('says a line every few seconds with count, rate and time left, and one at the end', () => {
    const { said, at } = lines();
    at(0, 0, 1_000);
    at(1_000, 100, 1_000);
    at(3_000, 300, 1_000);
    at(3_500, 350, 1_000);
    at(10_000, 1_000, 1_000);
    expect(said).toEqual([
      'send orders                300 of 1,000 · 100/s · 7 s left',
      'send orders                1,000 of 1,000 · 100/s · 10.0 s',
    ]);
  });

  it('says nothing twice about a stage that has ended', () => {
    const { said, at } = lines();
    at(0, 10, 10);
    at(9_000, 10, 10);
    expect(said).toEqual(['send orders                10 of 10 · 0.0 s']);
  });

  it('begins anew with fewer done, as each drain of a hub does', () => {
    const { said, at } = lines();
    at(0, 0, 10);
    at(100, 10, 10);
    at(60_000, 0, 4);
    at(60_200, 4, 4);
    expect(said).toEqual([
      'send orders                10 of 10 · 0.1 s',
      'send orders                4 of 4 · 0.2 s',
    ]);
  });

  it('counts what was there before neither into the rate nor into the time left', () => {
    const { said, at } = lines();
    at(0, 900, 1_000);
    at(4_000, 940, 1_000);
    expect(said).toEqual(['send orders                940 of 1,000 · 10/s · 6 s left']);
  });

  it('speaks of endless work every half minute only', () => {
    const { said, at } = lines();
    for (let ms = 0; ms <= 65_000; ms += 1_000) at(ms, ms / 100);
    expect(said).toEqual(['send orders                300 · 10/s', 'send orders                600 · 10/s']);
  });
});
