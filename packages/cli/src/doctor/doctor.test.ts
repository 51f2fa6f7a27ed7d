import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anOverview, startFakeAgent } from '@lakewarden/client/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lakeFolder } from '../lake-folder.ts';
import { fakeWorld, run } from '../testing/fake-world.ts';
import { checkAgent } from './agent-checks.ts';
import { ok, problem, skipped } from './check.ts';
import { doctorLines } from './doctor.ts';
import { checkDisk, checkLake, checkNode, checkTokenFile } from './machine-checks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lakewarden-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the doctor', () => {
  it('says a line a check, with what to do, and how many problems there are', () => {
    const checks = [
      ok('node', 'v24.21.0'),
      skipped('clock', 'no agent'),
      problem('agent', 'none is up on this lake', 'start it with: lakewarden up'),
    ];
    expect(doctorLines(checks)).toEqual([
      'ok       node         v24.21.0',
      'skipped  clock        no agent',
      'problem  agent        none is up on this lake · start it with: lakewarden up',
      '1 problem',
    ]);
    expect(doctorLines(checks.slice(0, 1)).at(-1)).toBe('all is well');
  });

  it.each([
    ['v24.9.0', 'ok'],
    ['v25.0.0', 'ok'],
    ['v24.8.9', 'problem'],
    ['v20.20.2', 'problem'],
  ])('wants a Node that runs us: %s', (version, state) => {
    expect(checkNode(version).state).toBe(state);
  });

  it('wants a token file that nobody else can read', () => {
    const file = join(folder, 'token');
    const uid = process.getuid?.();
    expect(checkTokenFile(undefined, uid).state).toBe('skipped');
    expect(checkTokenFile(file, uid)).toMatchObject({ state: 'problem', found: `no ${file}` });
    writeFileSync(file, 'x', { mode: 0o600 });
    expect(checkTokenFile(file, uid)).toMatchObject({ state: 'ok' });
    chmodSync(file, 0o644);
    expect(checkTokenFile(file, uid)).toMatchObject({ state: 'problem', remedy: `chmod 600 ${file}` });
    expect(checkTokenFile(file, (uid ?? 0) + 1)).toMatchObject({ found: `${file} belongs to somebody else` });
  });

  it('wants a lake folder of our own, and room in it', () => {
    expect(checkLake(lakeFolder(join(folder, 'none')))).toMatchObject({ state: 'problem' });
    const { root, agent } = lakeFolder(folder);
    mkdirSync(agent, { mode: 0o700 });
    expect(checkLake(lakeFolder(root)).state).toBe('ok');
    chmodSync(agent, 0o755);
    expect(checkLake(lakeFolder(root))).toMatchObject({ state: 'problem', remedy: `chmod 700 ${agent}` });
    expect(checkDisk(lakeFolder(folder)).found).toContain('MiB free at');
  });

  it('sees an agent that is down, starting, of another version, or of another time', async () => {
    const around = { suffix: '', wallMs: () => Date.now() };
    expect((await checkAgent({ ...around, agent: undefined })).map(({ state }) => state)).toEqual([
      'problem',
      'skipped',
      'skipped',
    ]);
    let agent = anOverview().agent;
    const fake = await startFakeAgent({ queries: { overview: () => anOverview({ agent }) } });
    writeFileSync(join(folder, 'token'), fake.token);
    const place = { url: fake.url, tokenFile: join(folder, 'token'), from: 'option' } as const;
    const states = async (wallMs = around.wallMs) =>
      (await checkAgent({ suffix: '', wallMs, agent: place })).map(({ state }) => state);
    expect(await states()).toEqual(['ok', 'ok', 'ok']);
    expect(await states(() => Date.now() - 60_000)).toEqual(['ok', 'ok', 'problem']);
    expect(await states(() => Date.now() + 60_000)).toEqual(['ok', 'ok', 'problem']);
    agent = { ...agent, ready: false };
    expect(await states()).toEqual(['problem', 'ok', 'ok']);
    agent = { ...agent, api: 99 };
    expect(await states()).toEqual(['ok', 'problem', 'skipped']);
    await fake.close();
    expect(await states()).toEqual(['problem', 'skipped', 'skipped']);
  });

  it('ends with exit code 1 when something is wrong, and looks only at the agent when that is elsewhere', async () => {
    const world = fakeWorld({ cwd: folder });
    expect(await run('doctor', world)).toBe(1);
    expect(world.printed.some((text) => /^problem +lake +no folder/.test(text))).toBe(true);
    const fake = await startFakeAgent();
    writeFileSync(join(folder, 'token'), fake.token, { mode: 0o600 });
    // The clock of this world stands still, so that of the agent is wrong.
    expect(await run(`doctor --agent ${fake.url} --token-file token --json`, world)).toBe(1);
    const { checks } = JSON.parse(world.printed.at(-1) ?? '') as {
      checks: { name: string; state: string }[];
    };
    expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'node ok',
      'agent ok',
      'version ok',
      'clock problem',
      'token file ok',
    ]);
    await fake.close();
  });
});
