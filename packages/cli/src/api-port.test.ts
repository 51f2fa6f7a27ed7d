import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announceApi } from './announce-api.ts';
import { settlePort } from './api-port.ts';
import type { Child } from './child.ts';
import { type LakeFolder, lakeFolder } from './lake-folder.ts';

let folder: LakeFolder;
beforeEach(() => {
  folder = lakeFolder(mkdtempSync(join(tmpdir(), 'lakewarden-port-')));
  mkdirSync(folder.agent);
});
afterEach(() => rmSync(folder.root, { recursive: true, force: true }));

async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, free: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe('the port of the API', () => {
  it('is that of last time, so that whoever follows the agent finds it again', async () => {
    const taken = await takenPort();
    writeFileSync(folder.agentConfig, JSON.stringify({ api: { port: taken.port } }));
    expect(await settlePort(folder, undefined)).not.toBe(taken.port);
    await taken.free();
    expect(await settlePort(folder, undefined)).toBe(taken.port);
    expect(await settlePort(folder, taken.port)).toBe(taken.port);
  });

  it('is any free one when last time says nothing', async () => {
    for (const text of ['{', '{}', '{"api":{"port":-1}}', '{"api":{"port":"80"}}', '{"api":{"port":0}}']) {
      writeFileSync(folder.agentConfig, text);
      expect(await settlePort(folder, undefined), text).toBeGreaterThan(0);
    }
  });

  it('is refused when it is asked for and taken', async () => {
    const taken = await takenPort();
    await expect(settlePort(folder, taken.port)).rejects.toMatchObject({
      exit: 3,
      message: `port ${taken.port} is taken · 127.0.0.1 · give another --port`,
    });
    await taken.free();
  });
});

describe('the API of a new agent', () => {
  it('is announced once that very agent listens, and never when it ended first', async () => {
    const notes: string[] = [];
    const clock = { nowMs: 0 };
    const write = (pid: number) =>
      writeFileSync(folder.api, JSON.stringify({ url: 'http://127.0.0.1:7077', tokenFile: 'token', pid }));
    write(1);
    const agent = (ended: Promise<unknown>) => ({ pid: 77, ended }) as unknown as Child;
    const options = {
      folder,
      progress: { note: (text: string) => void notes.push(text) },
      now: () => clock.nowMs,
      sleep: async (ms: number) => {
        clock.nowMs += ms;
        if (clock.nowMs === 1_000) write(77);
      },
    };
    const { signal } = new AbortController();
    await announceApi({ ...options, agent: agent(new Promise(() => undefined)) }, signal);
    expect(notes).toEqual([`api       http://127.0.0.1:7077 (token in ${join(folder.agent, 'token')})`]);
    expect(clock.nowMs).toBe(1_000);
    write(1);
    await announceApi({ ...options, agent: agent(Promise.resolve()) }, signal);
    expect(notes).toHaveLength(1);
  });
});
