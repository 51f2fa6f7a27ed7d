import { readdirSync, readFileSync } from 'node:fs';
import { formatProblem } from '@lakewarden/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_CONTROL } from '../policy/control-state.ts';
import { parseRunbook, shelveRunbooks } from './runbook-file.ts';
import { runbookStatus } from './runbook-status.ts';
import { testRunbook } from './test-runbook.ts';
import { shopPipeline } from './testing/recovery-world.ts';

const GOOD = `apiVersion: lakewarden/v1
kind: Runbook
name: mend
title: Mend a slice
match:
  kinds: [failed-slice]
mode: auto
preconditions:
  - { check: no-freeze, with: { target: "{dataset}" } }
steps:
  - id: retry
    action: retry
    with: { target: "{dataset}" }
    timeout: 30s
    undo: { action: release, with: { slice: "{slice}" } }
verify:
  checks:
    - { check: slices-fresh }
  within: 2m
  stableFor: 2s
escalate:
  message: Look
`;

type Edit = readonly [from: string, to: string];

/** The place under each problem, and its words. */
function problems(...edits: readonly Edit[]): readonly string[] {
  let text = GOOD;
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`nothing to edit: ${from}`);
    text = text.replace(from, to);
  }
  const reading = parseRunbook(text, 'mend/runbook.yaml');
  if (reading.kind === 'runbook') return [];
  return reading.problems.map((problem) => {
    const line = text.split('\n')[problem.line - 1] ?? '';
    expect(problem.line).toBeGreaterThan(0);
    const words = formatProblem({ ...problem, file: '', line: 0 }).trim();
    return `${line.slice(problem.column - 1).trim()} ▸ ${words}`;
  });
}

const CASES: readonly (readonly [name: string, expected: RegExp, ...Edit[]])[] = [
  [
    'unknown action',
    /^retri ▸ unknown action "retri" · did you mean "retry"\?/,
    ['action: retry', 'action: retri'],
  ],
  [
    'far unknown action',
    /▸ unknown action "reboot" · there are: pause, resume/,
    ['action: retry', 'action: reboot'],
  ],
  [
    'steps that start runbooks',
    /^run-runbook ▸ "run-runbook" is no step of a runbook · a runbook that starts runbooks may never end/,
    ['action: retry', 'action: run-runbook'],
  ],
  ['approving itself', /▸ "approve" is no step of a runbook · .*"ask"/, ['action: retry', 'action: approve']],
  ['applying by hand', /▸ "apply" is no step of a runbook/, ['action: retry', 'action: apply']],
  [
    'unknown argument',
    /^tarket: .*▸ unknown key "tarket" · did you mean "target"\?/,
    ['with: { target: "{dataset}" }\n    timeout', 'with: { tarket: "{dataset}" }\n    timeout'],
  ],
  [
    'missing argument',
    /▸ target: .* · there are: target/,
    ['with: { target: "{dataset}" }\n    timeout', 'with: {}\n    timeout'],
  ],
  [
    'argument of the wrong form',
    /▸ target: must name slice or dataset or source/,
    ['with: { target: "{dataset}" }\n    timeout', 'with: { target: orders }\n    timeout'],
  ],
  [
    'number for a text',
    /▸ target: /,
    ['with: { target: "{dataset}" }\n    timeout', 'with: { target: 5 }\n    timeout'],
  ],
  [
    'unknown placeholder',
    /^"\{datset\}".*▸ unknown placeholder \{datset\} · did you mean "dataset"\?/,
    ['with: { target: "{dataset}" }\n    timeout', 'with: { target: "{datset}" }\n    timeout'],
  ],
  [
    'placeholder of another kind',
    /▸ \{run\} is not known for all that it matches · there are: target, dataset, slice/,
    ['with: { target: "{dataset}" }\n    timeout', 'with: { target: "{run}" }\n    timeout'],
  ],
  [
    'placeholder in a check',
    /▸ unknown placeholder \{x\}/,
    ['check: no-freeze, with: { target: "{dataset}" }', 'check: no-freeze, with: { target: "{x}" }'],
  ],
  [
    'unknown check',
    /▸ "slice-fresh" is none of: .* · did you mean "slices-fresh"\?/,
    ['check: slices-fresh', 'check: slice-fresh'],
  ],
  [
    'unknown argument of a check',
    /▸ unknown key "slice" · there are: target/,
    ['{ check: slices-fresh }', '{ check: slices-fresh, with: { slice: x } }'],
  ],
  [
    'undo that undoes nothing',
    /^wait.*▸ "wait" undoes nothing/,
    ['undo: { action: release, with: { slice: "{slice}" } }', 'undo: { action: wait, with: { for: 3s } }'],
  ],
  [
    'undo by a plan',
    /▸ "replay" undoes nothing/,
    [
      'undo: { action: release, with: { slice: "{slice}" } }',
      'undo: { action: replay, with: { target: "{slice}" } }',
    ],
  ],
  [
    'id twice',
    /^retry, action.*▸ "retry" stands here twice/,
    ['verify:', '  - { id: retry, action: reconcile }\nverify:'],
  ],
  ['bad duration', /^30 ▸ .*30s, 5m, 2h|^30 ▸ 30 where a text is expected/, ['timeout: 30s', 'timeout: 30']],
  ['odd duration', /^30x ▸ a duration is a number and s, m or h/, ['timeout: 30s', 'timeout: 30x']],
  ['endless step', /^99h ▸ 99h is too long · at most 2h/, ['timeout: 30s', 'timeout: 99h']],
  [
    'endless wait',
    /▸ 9h is too long/,
    ['action: retry\n    with: { target: "{dataset}" }', 'action: wait\n    with: { for: 9h }'],
  ],
  [
    'verification that cannot hold',
    /^2m ▸ it cannot hold for 2m within 2m/,
    ['stableFor: 2s', 'stableFor: 2m'],
  ],
  [
    'right that it lacks',
    /▸ "waive" needs the role admin · write "guardrails: \{ role: admin \}"/,
    [
      'action: retry\n    with: { target: "{dataset}" }',
      'action: waive\n    with: { slice: "{slice}", reason: "why not" }',
    ],
  ],
  [
    'forEach without slices',
    /▸ signals of lag have no slices/,
    ['kinds: [failed-slice]', 'kinds: [lag]'],
    ['timeout: 30s', 'forEach: slices'],
  ],
  [
    'no steps',
    /▸ .*>=1 items/,
    [
      'steps:\n  - id: retry\n    action: retry\n    with: { target: "{dataset}" }\n    timeout: 30s\n    undo: { action: release, with: { slice: "{slice}" } }\n',
      'steps: []\n',
    ],
  ],
  ['unknown key', /▸ unknown key "verfy" · did you mean "verify"\?/, ['verify:', 'verfy:']],
  ['unknown kind', /▸ "failed-slices" is none of/, ['[failed-slice]', '[failed-slices]']],
  [
    'other version',
    /^lakewarden\/v2 ▸ "lakewarden\/v2" is none of: lakewarden\/v1/,
    ['lakewarden/v1', 'lakewarden/v2'],
  ],
  [
    'aliases',
    /▸ aliases are not allowed here/,
    ['title: Mend a slice', 'title: &a Mend a slice'],
    ['message: Look', 'message: *a'],
  ],
  ['a prototype', /▸ "__proto__" is no name/, ['message: Look', 'message: Look\n  __proto__: x']],
  ['broken YAML', /▸ YAML: /, ['kinds: [failed-slice]', 'kinds: [failed-slice']],
];

describe('a runbook file', () => {
  it('is good as it stands, and is known by its content', () => {
    const reading = parseRunbook(GOOD, 'mend/runbook.yaml');
    expect(reading).toMatchObject({
      kind: 'runbook',
      runbook: { name: 'mend', version: expect.stringMatching(/^[0-9a-f]{12}$/) },
    });
    const other = parseRunbook(`${GOOD}# a comment\n`, 'mend/runbook.yaml');
    expect(
      other.kind === 'runbook' &&
        reading.kind === 'runbook' &&
        other.runbook.version !== reading.runbook.version,
    ).toBe(true);
  });

  for (const [name, expected, ...edits] of CASES) {
    it(`is refused: ${name}`, () => {
      const found = problems(...edits);
      expect(
        found.some((problem) => expected.test(problem)),
        found.join('\n'),
      ).toBe(true);
    });
  }

  it('is empty: says how to begin', () => {
    const reading = parseRunbook('', 'x.yaml');
    expect(reading.kind === 'problems' && reading.problems.map(formatProblem)).toEqual([
      'x.yaml:1:1  the file is empty · begin with "apiVersion: lakewarden/v1"',
    ]);
  });

  it('never throws, whatever is cut out of it or put into it', () => {
    const junk = fc.constantFrom(
      '',
      ':',
      '- ',
      '{',
      '}',
      '[',
      '"',
      '\n',
      '  ',
      '|',
      '&a ',
      '*a',
      'null',
      '1',
      '!x ',
      '{dataset}',
      '\u0000',
    );
    const cut = fc.tuple(fc.nat(GOOD.length), fc.nat(40), junk);
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
        let text = GOOD;
        for (const [at, length, put] of cuts) text = `${text.slice(0, at)}${put}${text.slice(at + length)}`;
        const reading = parseRunbook(text, 'x.yaml');
        if (reading.kind === 'problems') expect(reading.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the shelf of runbooks', () => {
  it('keeps the good ones beside a broken one', () => {
    const shelf = shelveRunbooks([
      { file: 'bad/runbook.yaml', yaml: 'kind: 5' },
      { file: 'mend/runbook.yaml', yaml: GOOD },
    ]);
    expect([...shelf.runbooks.keys()]).toEqual(['mend']);
    expect(shelf.problems.every(({ file }) => file === 'bad/runbook.yaml')).toBe(true);
  });

  it('says when two runbooks have one name', () => {
    const shelf = shelveRunbooks([
      { file: 'a.yaml', yaml: GOOD },
      { file: 'b.yaml', yaml: GOOD },
    ]);
    expect(shelf.problems.map(formatProblem)).toEqual([
      'b.yaml  a.yaml is a runbook "mend" already · give it another name',
    ]);
  });
});

describe('the tests of a runbook', () => {
  const folder = new URL('../../../../runbooks/', import.meta.url);
  const world = { pipeline: shopPipeline() };

  for (const name of readdirSync(folder)) {
    it(`pass: ${name}`, () => {
      const files = readdirSync(new URL(`${name}/`, folder));
      const read = (file: string) => readFileSync(new URL(`${name}/${file}`, folder), 'utf8');
      const reading = parseRunbook(read('runbook.yaml'), name);
      if (reading.kind === 'problems') throw new Error(reading.problems.map(formatProblem).join('\n'));
      const fixtures = new Map(
        files.filter((file) => file.endsWith('.json')).map((file) => [file, JSON.parse(read(file))]),
      );
      const results = testRunbook(reading.runbook, fixtures, world);
      expect(results.map(({ problem }) => problem)).toEqual(results.map(() => ''));
      expect(results.some(({ matches }) => matches) && results.some(({ matches }) => !matches)).toBe(true);
      expect([...fixtures.keys()].sort()).toEqual(reading.runbook.tests.map(({ fixture }) => fixture).sort());
      expect(read('README.md')).toMatch(
        /\*\*What fails\.\*\*[\s\S]*\*\*What it does\.\*\*[\s\S]*\*\*Why it is safe\.\*\*[\s\S]*\*\*What it never does\.\*\*/,
      );
      expect(runbookStatus(reading.runbook, EMPTY_CONTROL)).toMatchObject({
        name,
        executions: 0,
        waiting: [],
      });
    });
  }

  it('tell what is wrong with them', () => {
    const tests = `tests:
  - { name: gone, fixture: none.json, expect: { matches: true } }
  - { name: other, fixture: lag.json, expect: { matches: true } }
  - { name: nonsense, fixture: nonsense.json, expect: { matches: true } }
  - { name: steps, fixture: failed.json, expect: { matches: true, steps: [retry, more] } }
  - { name: right, fixture: failed.json, expect: { matches: true, steps: [retry] } }
`;
    const reading = parseRunbook(GOOD + tests, 'mend');
    if (reading.kind === 'problems') throw new Error(reading.problems.map(formatProblem).join('\n'));
    const signal = {
      severity: 'error',
      title: 't',
      targets: ['silver.orders@2026-11-22'],
      evidence: { dataset: 'silver.orders' },
    };
    const results = testRunbook(
      reading.runbook,
      new Map<string, unknown>([
        ['lag.json', { ...signal, cause: 'lag:x', kind: 'lag' }],
        ['failed.json', { ...signal, cause: 'failed-slice:x', kind: 'failed-slice' }],
        ['nonsense.json', { hello: 1 }],
      ]),
      world,
    );
    expect(results.map(({ passed, problem }) => [passed, problem])).toEqual([
      [false, 'none.json: there is no such file'],
      [false, 'it does not match'],
      [false, expect.stringContaining('nonsense.json: neither a signal nor an alert')],
      [false, 'its steps are retry, not retry, more'],
      [true, ''],
    ]);
    expect(results.at(-1)?.steps).toEqual(['retry: retry target=silver.orders']);
  });
});
