import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSuiteResult } from './suite-result.ts';

const folder = mkdtempSync(join(tmpdir(), 'lakewarden-result-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, code: number | undefined) {
  const file = join(folder, 'result');
  writeFileSync(file, text);
  return readSuiteResult(file, code);
}

const ended = (failed: number) => JSON.stringify({ ended: true, passed: 2, failed, skipped: 0 });

test('a suite that ran to its end says how it went', () => {
  expect(read(`  passed  one\n  passed  two\n${ended(0)}\n`, 0)).toEqual({
    passed: 2,
    failed: 0,
    skipped: 0,
    output: '  passed  one\n  passed  two',
  });
  expect(read(`${ended(1)}\n`, 1).failed).toBe(1);
});

test('a host that died in the middle and says 0 has not passed', () => {
  expect(() => read('  passed  one\n', 0)).toThrow('its suite did not end');
  expect(() => readSuiteResult(join(folder, 'never-written'), 0)).toThrow('its suite did not end');
});

test('a host that says other than its suite, or nothing, has not passed', () => {
  expect(() => read(`${ended(0)}\n`, 1)).toThrow('ended with 1');
  expect(() => read(`${ended(0)}\n`, undefined)).toThrow('did not end in time');
  expect(() => read(`${ended(1)}\n`, 0)).toThrow('ended with 0');
});
