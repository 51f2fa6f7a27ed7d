import { memoryStorage } from '@lakewarden/delta/testing';
import { describe, expect, it } from 'vitest';
import { CountingRandom, ManualClock, recordedFacts } from '../testing.ts';
import { sealEntry } from './audit-entry.ts';
import { openControlLog } from './control-log.ts';
import { batchPath } from './control-objects.ts';

const signal = new AbortController().signal;

/** Three objects: entries 1, 2 to 4, and 5. */
async function writtenLog() {
  const storage = memoryStorage();
  const deps = { clock: new ManualClock(), random: new CountingRandom(), emit: recordedFacts().emit };
  const log = await openControlLog(storage, deps, signal);
  const act = (i: number) =>
    log.act(
      {
        actor: 'ann',
        role: 'operator',
        action: 'pause',
        input: { target: `source:s${i}` },
        effects: [{ type: 'Paused', target: `source:s${i}`, reason: 'because' }],
      },
      signal,
    );
  await act(1);
  await Promise.all([2, 3, 4].map(act));
  await act(5);
  const textAt = (first: number) =>
    Buffer.from(storage.objects.get(batchPath(first)) as Uint8Array).toString();
  return { storage, log, textAt, reopen: () => openControlLog(storage, deps, signal) };
}

describe('the check of the audit', () => {
  it('finds nothing in a log that is whole', async () => {
    const { log } = await writtenLog();
    expect(await log.verify(signal)).toEqual({ ok: true, entries: 5, head: log.state.head.hash });
  });

  it.each([
    ['a changed actor', 'ann', 'eve', 2],
    ['a changed effect', 'source:s3', 'source:s9', 3],
    ['a changed time', '2026-01-15', '2026-01-16', 2],
    ['an effect of a kind that nobody knows', '"Paused"', '"Teased"', 2],
  ])('says where %s is', async (_what, from, to, brokenAt) => {
    const { storage, log, textAt } = await writtenLog();
    const text = textAt(2).replace(from, to);
    expect(text).not.toBe(textAt(2));
    storage.seed(batchPath(2), text);
    expect(await log.verify(signal)).toMatchObject({ ok: false, brokenAt, entries: brokenAt - 1 });
  });

  it('says where an entry was written anew together with its hash', async () => {
    const { storage, log, textAt } = await writtenLog();
    const batch = JSON.parse(textAt(2));
    const [, third] = batch.entries;
    const forged = sealEntry({ ...third, actor: 'eve' }, { seq: 2, hash: third.prev }, third.at);
    batch.entries[1] = forged;
    storage.seed(batchPath(2), JSON.stringify(batch));
    // The forged one fits by itself; the one after it does not name its hash.
    expect(await log.verify(signal)).toMatchObject({ ok: false, brokenAt: 4 });
  });

  it.each([
    ['no JSON', 'x', 2],
    ['no batch', '{}', 2],
    ['no entries', '{"writer":"w","tickets":[],"entries":[]}', 2],
    ['an entry that is none', '{"writer":"w","tickets":[1],"entries":[{"seq":2}]}', 2],
  ])('says where an object holds %s', async (_what, body, brokenAt) => {
    const { storage, log, reopen } = await writtenLog();
    storage.seed(batchPath(2), body);
    expect(await log.verify(signal)).toMatchObject({ ok: false, brokenAt });
    await expect(reopen()).rejects.toMatchObject({ name: 'TerminalError', code: 'corrupt' });
  });

  it('sees objects that are gone, in the middle and at the end', async () => {
    const middle = await writtenLog();
    middle.storage.drop(batchPath(2));
    expect(await middle.log.verify(signal)).toMatchObject({ ok: false, brokenAt: 2 });
    await expect(middle.reopen()).rejects.toMatchObject({ code: 'corrupt' });
    const end = await writtenLog();
    end.storage.drop(batchPath(5));
    expect(await end.log.verify(signal)).toMatchObject({ ok: false, brokenAt: 5 });
  });

  it('sees an end that was written anew', async () => {
    const { storage, log, textAt } = await writtenLog();
    const batch = JSON.parse(textAt(5));
    const [last] = batch.entries;
    batch.entries[0] = sealEntry({ ...last, actor: 'eve' }, { seq: 4, hash: last.prev }, last.at);
    storage.seed(batchPath(5), JSON.stringify(batch));
    expect(await log.verify(signal)).toMatchObject({ ok: false, brokenAt: 5 });
  });

  it('says so at a start, and goes on', async () => {
    const { storage, textAt } = await writtenLog();
    storage.seed(batchPath(2), textAt(2).replace('source:s3', 'source:s9'));
    const { facts, emit } = recordedFacts();
    const deps = { clock: new ManualClock(), random: new CountingRandom(), emit };
    const log = await openControlLog(storage, deps, signal);
    expect(facts).toContainEqual(expect.objectContaining({ type: 'AuditBroken', seq: 3 }));
    expect(log.state.head.seq).toBe(5);
  });

  it('leaves foreign objects in its folder alone', async () => {
    const { storage, log, reopen } = await writtenLog();
    storage.seed('_lakewarden/control/log/README.md', 'hello');
    storage.seed('_lakewarden/control/snapshot/notes.json', '{}');
    expect(await log.verify(signal)).toMatchObject({ ok: true, entries: 5 });
    expect((await reopen()).state).toEqual(log.state);
  });
});
