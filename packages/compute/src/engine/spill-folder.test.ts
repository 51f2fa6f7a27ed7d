import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { spillFolder } from './spill-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'lakewarden-spill-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

it('removes what dead processes left and nothing else', () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const living = `${process.pid}-a`;
  for (const name of [`${dead}-a`, living, 'notes']) mkdirSync(join(parent, name));
  const folder = spillFolder(parent);
  expect(readdirSync(parent).sort()).toEqual([living, 'notes'].sort());
  expect(folder.startsWith(join(parent, `${process.pid}-`))).toBe(true);
  expect(spillFolder(join(parent, 'absent'))).toContain('absent');
});
