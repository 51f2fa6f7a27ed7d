import { expect, test } from 'vitest';
import { MetricsRefusal, parseMetricsQuery } from './metrics-query.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 30);
const BODY = { resourceids: ['/subscriptions/s'] };
const BASE =
  'api%2Dversion=2024-02-01&metricnamespace=Microsoft.EventHub/namespaces&metricnames=IncomingMessages';

const parse = (query: string, body: unknown = BODY) =>
  parseMetricsQuery(new URLSearchParams(`${BASE}${query}`), body, NOW_MS);

test('without more it is the last hour by the minute, grains at whole minutes', () => {
  const { span, grains, entities, top } = parse('');
  expect(span).toEqual({ fromMs: NOW_MS - 3_600_000, toMs: NOW_MS });
  expect(grains).toEqual({ fromMs: Date.UTC(2026, 10, 22, 11), grainMs: 60_000, grainCount: 61 });
  expect([entities, top]).toEqual([undefined, 10]);
});

test('a filter names hubs, in any case, or all', () => {
  expect(parse("&filter=EntityName eq '*'").entities).toBe('all');
  const some = parse("&filter=entityname eq 'Orders' or EntityName eq 'clicks'").entities;
  expect(some).toEqual(new Set(['orders', 'clicks']));
});

test.each([
  ['', null],
  ['', { resourceids: [] }],
  ['', { resourceids: [7] }],
  ['', { resourceids: Array(51).fill('x') }],
  ['&metricnames=OutgoingMessages', BODY],
  ['&aggregation=total,count', BODY],
  ['&interval=PT2M', BODY],
  ['&starttime=2026-11-22T13:00:00Z', BODY],
  ['&starttime=soon', BODY],
  ['&starttime=2020-01-01', BODY],
  ["&filter=EntityName ne 'a'", BODY],
  ["&filter=EntityName eq 'a' and EntityName eq 'b'", BODY],
  ['&top=0', BODY],
  ['&rollupby=EntityName', BODY],
  ['&anything=1', BODY],
])('%s with %j is refused', (query, body) => {
  expect(() => parse(query, body)).toThrow(MetricsRefusal);
});
