import { TerminalError, TransientError } from '@lakewarden/contracts';
import { recordedFacts } from '@lakewarden/core/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { COOL_DOWN_MS, createSigningKeys, FRESH_MS, KEPT_MS, type KeySet } from './entra-keys.ts';
import { type EntraTenant, entraTenant } from './testing/entra-tenant.ts';

const START_MS = 1_000_000_000;
const first: EntraTenant = await entraTenant('first');
const second: EntraTenant = await entraTenant('second');
const firstKey = first.keys.get('first');

describe('the keys of a directory', () => {
  let reads: number;
  let answer: () => Promise<KeySet>;
  let recorded: ReturnType<typeof recordedFacts>;
  let keys: ReturnType<typeof createSigningKeys>;
  const away = async () => {
    throw new TransientError('timeout', 'no answer');
  };

  beforeEach(() => {
    reads = 0;
    answer = async () => first.keys;
    recorded = recordedFacts();
    const read = () => {
      reads++;
      return answer();
    };
    keys = createSigningKeys({ read, emit: recorded.emit });
  });

  test('are read once for all who ask at the same time', async () => {
    const found = await Promise.all(Array.from({ length: 100 }, () => keys.find('first', START_MS)));
    expect(found.every((key) => key === firstKey)).toBe(true);
    expect(reads).toBe(1);
    expect(recorded.facts).toEqual([{ type: 'SigningKeysRead', keys: 1 }]);
  });

  test('are read again when they are no longer fresh, and no sooner', async () => {
    await keys.find('first', START_MS);
    await keys.find('first', START_MS + FRESH_MS - 1);
    expect(reads).toBe(1);
    await keys.find('first', START_MS + FRESH_MS);
    expect(reads).toBe(2);
    expect(recorded.facts).toHaveLength(1);
  });

  test('that are new are found by their name, and one that was withdrawn is gone', async () => {
    await keys.find('first', START_MS);
    answer = async () => second.keys;
    expect(await keys.find('second', START_MS + COOL_DOWN_MS)).toBe(second.keys.get('second'));
    expect(await keys.find('first', START_MS + COOL_DOWN_MS)).toBeUndefined();
    expect(recorded.facts).toHaveLength(2);
  });

  test('cost two reads a minute under a flood of names that none has', async () => {
    for (let ms = 0; ms < 60_000; ms += 10) {
      expect(await keys.find(`unknown-${ms}`, START_MS + ms)).toBeUndefined();
    }
    expect(reads).toBe(2);
    expect(recorded.facts).toHaveLength(1);
  });

  test('cost two reads a minute while they cannot be had, and say so each time', async () => {
    answer = away;
    for (let ms = 0; ms < 60_000; ms += 10) {
      await expect(keys.find('first', START_MS + ms)).rejects.toMatchObject({
        name: 'TransientError',
        code: 'unavailable',
        retryAfterMs: COOL_DOWN_MS - (ms % COOL_DOWN_MS),
      });
    }
    expect(reads).toBe(2);
    expect(recorded.facts.map(({ type }) => type)).toEqual(['SigningKeysFailed', 'SigningKeysFailed']);
    expect(recorded.facts[0]).not.toHaveProperty('ageMs');
  });

  test('that were good serve for a day while the directory is away, and then no longer', async () => {
    await keys.find('first', START_MS);
    answer = away;
    for (const ageMs of [FRESH_MS, KEPT_MS / 2, KEPT_MS - 1]) {
      expect(await keys.find('first', START_MS + ageMs)).toBe(firstKey);
    }
    expect(recorded.facts.at(-1)).toMatchObject({ type: 'SigningKeysFailed', ageMs: KEPT_MS - 1 });
    await expect(keys.find('first', START_MS + KEPT_MS + COOL_DOWN_MS)).rejects.toMatchObject({
      code: 'unavailable',
    });
    answer = async () => first.keys;
    expect(await keys.find('first', START_MS + KEPT_MS + 2 * COOL_DOWN_MS)).toBe(firstKey);
    expect(recorded.facts.at(-1)).toEqual({ type: 'SigningKeysRead', keys: 1 });
  });

  test('tell nothing of an unknown name while the directory is away', async () => {
    await keys.find('first', START_MS);
    answer = away;
    await expect(keys.find('second', START_MS + COOL_DOWN_MS)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await keys.find('first', START_MS + COOL_DOWN_MS)).toBe(firstKey);
  });

  test('that the directory refuses are away too', async () => {
    answer = async () => {
      throw new TerminalError('not-found', 'there is no such tenant');
    };
    await expect(keys.find('first', START_MS)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('do not wait for a clock that was set back', async () => {
    answer = away;
    await expect(keys.find('first', START_MS)).rejects.toMatchObject({ code: 'unavailable' });
    answer = async () => first.keys;
    expect(await keys.find('first', START_MS - 3_600_000)).toBe(firstKey);
  });

  test('hide no mistake of ours', async () => {
    answer = async () => {
      throw new TypeError('a bug');
    };
    await expect(keys.find('first', START_MS)).rejects.toThrow(TypeError);
  });
});
