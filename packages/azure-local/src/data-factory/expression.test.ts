import { expect, test } from 'vitest';
import { ExpressionError, evaluateTemplate, parseTemplate, resolveValue } from './expression.ts';
import { datasetScope, formatTime, pipelineScope } from './expression-scope.ts';

const nowMs = Date.UTC(2026, 10, 22, 7, 5, 9, 123);
const scope = pipelineScope(
  {
    factory: 'retail-factory',
    pipelineName: 'copy',
    runId: 'run-1',
    runGroupId: 'group-1',
    triggerTimeMs: nowMs,
    parameters: { window: '2011-12-10', count: 3, nested: { list: ['a', 'b'] } },
    variables: { v: 'x' },
    activities: { 'Copy it': { output: { rowsCopied: 12 }, status: 'Succeeded' } },
  },
  nowMs,
);
const evaluate = (text: string) => evaluateTemplate(parseTemplate(text), scope);

test.each([
  ['plain text', 'plain text'],
  ['a@b.example', 'a@b.example'],
  ['@@literal', '@literal'],
  ['@pipeline().parameters.window', '2011-12-10'],
  ["@pipeline().parameters['window']", '2011-12-10'],
  ['@pipeline().parameters.count', 3],
  ['@pipeline().parameters.nested.list[1]', 'b'],
  ['@pipeline().RunId', 'run-1'],
  [
    "@concat('landing/', pipeline().parameters.window, '/', pipeline().parameters.count)",
    'landing/2011-12-10/3',
  ],
  ["@concat('it''s ', 'x')", "it's x"],
  ['landing/@{pipeline().parameters.window}/@{pipeline().parameters.count}', 'landing/2011-12-10/3'],
  ['@{pipeline().parameters.window}', '2011-12-10'],
  ['@@{not} but @{pipeline().RunId}', '@{not} but run-1'],
  ["@activity('Copy it').output.rowsCopied", 12],
  ["@variables('v')", 'x'],
  ["@utcnow('yyyy-MM-ddTHH:mm:ss')", '2026-11-22T07:05:09'],
  ['@utcnow()', '2026-11-22T07:05:09.1230000Z'],
  ["@CONCAT('a', 'b')", 'ab'],
])('%s evaluates', (text, wanted) => {
  expect(evaluate(text)).toEqual(wanted);
});

test.each([
  '@',
  '@pipeline(',
  '@pipeline().parameters.',
  "@concat('a'",
  "@concat('a",
  '@pipeline().parameters.window trailing',
  '@{pipeline().RunId',
  '@word',
  `@${'concat('.repeat(60)}`,
  `@concat('${'x'.repeat(9000)}')`,
])('the broken expression %s is refused', (text) => {
  expect(() => parseTemplate(text)).toThrow(ExpressionError);
});

test.each([
  '@guid()',
  '@constructor()',
  "@__proto__('x')",
  '@pipeline().parameters.missing',
  '@pipeline().parameters.__proto__',
  "@activity('Other').output",
  '@dataset().x',
  "@utcnow('dddd')",
])('%s is refused when it is evaluated, with an error of the expression', (text) => {
  expect(() => evaluate(text)).toThrow(ExpressionError);
});

test('values resolve deeply, and secrets are taken as they are', () => {
  const value = {
    list: ['@dataset().name', { type: 'Expression', value: '@dataset().name' }],
    password: { type: 'SecureString', value: '@dataset().name' },
  };
  expect(resolveValue(value, datasetScope({ name: 'n' }, nowMs))).toEqual({
    list: ['n', 'n'],
    password: { type: 'SecureString', value: '@dataset().name' },
  });
});

test('times are written in the parts that name folders', () => {
  expect(formatTime(nowMs, 'yyyy/MM/dd/HH')).toBe('2026/11/22/07');
  expect(formatTime(nowMs, 'yyyyMMddHHmmssfff')).toBe('20261122070509123');
});
