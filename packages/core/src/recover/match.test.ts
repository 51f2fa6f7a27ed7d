import { type Runbook, runbookSchema, type Signal } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from './glob.ts';
import { findRunbook, matches } from './match.ts';

const signal: Signal = {
  cause: 'alert:r@x',
  kind: 'alert',
  severity: 'error',
  title: 't',
  targets: ['source:orders', 'silver.orders@2026-11-22'],
  evidence: { rule: 'Retail-Lake-Latency', resourceType: 'microsoft.storage/storageaccounts' },
};

function runbook(match: object, name = 'one'): Runbook {
  return runbookSchema.parse({
    apiVersion: 'lakewarden/v1',
    kind: 'Runbook',
    name,
    title: 'title',
    match: { kinds: ['alert'], ...match },
    mode: 'auto',
    steps: [{ id: 'a', action: 'reconcile' }],
    verify: { checks: [{ check: 'all-breakers-closed' }] },
    escalate: { message: 'm' },
  });
}

describe('a runbook matches', () => {
  it('by kind, severity, targets, rule and type of resource, all together', () => {
    const yes = [
      {},
      { severity: ['error'] },
      { targets: ['silver.*'] },
      { alertRule: 'retail-*' },
      { resourceTypes: ['x/*', 'Microsoft.Storage/*'] },
    ];
    for (const match of yes) expect(matches(runbook(match), signal), JSON.stringify(match)).toBe(true);
    const no = [
      { kinds: ['lag'] },
      { severity: ['info'] },
      { targets: ['gold.*'] },
      { alertRule: '*-cpu' },
      { resourceTypes: ['microsoft.compute/*'] },
      { severity: ['error'], targets: ['gold.*'] },
    ];
    for (const match of no) expect(matches(runbook(match), signal), JSON.stringify(match)).toBe(false);
  });

  it('what is no alert by its kind, whatever it asks of alerts', () => {
    const breaker: Signal = { ...signal, kind: 'breaker-open', evidence: {} };
    expect(matches(runbook({ kinds: ['breaker-open', 'alert'], resourceTypes: ['x'] }), breaker)).toBe(true);
  });

  it('best by what it says most about, then by name', () => {
    const books = [runbook({}, 'b'), runbook({}, 'a'), runbook({ alertRule: '*latency' }, 'z')];
    expect([findRunbook(books, signal)?.name, findRunbook(books.slice(0, 2), signal)?.name]).toEqual([
      'z',
      'a',
    ]);
  });
});

describe('a glob', () => {
  it('knows stars and nothing else', () => {
    const cases = [
      ['*', '', true],
      ['a*', 'A.b', true],
      ['a*b*c', 'axxbyyc', true],
      ['a*b*c', 'acb', false],
      ['a*a', 'a', false],
      ['.', 'x', false],
      ['', '', true],
      ['*b', 'ab', true],
      ['a**b', 'ab', true],
    ] as const;
    for (const [pattern, text, expected] of cases)
      expect(matchesGlob(pattern, text), `${pattern} ${text}`).toBe(expected);
  });

  it('finds what its parts were joined from, and takes no time over hostile ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 5 }), { maxLength: 5 }),
        fc.string({ maxLength: 5 }),
        (parts, between) => {
          const plain = parts.map((part) => part.replaceAll('*', ''));
          expect(matchesGlob(plain.join('*'), plain.join(plain.length > 1 ? between : ''))).toBe(true);
        },
      ),
    );
    expect(matchesGlob(`${'a*'.repeat(1_000)}b`, 'a'.repeat(100_000))).toBe(false);
  });
});
