/** What a batch request for metrics asks. Every parameter is read or refused. Pure. */
import { parseDuration, parseInstant, type TimeSpan } from './timespan.ts';

/** Becomes the answer. */
export class MetricsRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(message: string, status = 400, code = 'BadRequest') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface MetricsQuery {
  readonly resourceIds: readonly string[];
  readonly span: TimeSpan;
  readonly interval: string;
  readonly grains: { readonly fromMs: number; readonly grainMs: number; readonly grainCount: number };
  /** Hubs to tell apart, in small letters; undefined: the namespace as a whole. */
  readonly entities: ReadonlySet<string> | 'all' | undefined;
  /** Series at most, those with most messages first. */
  readonly top: number;
}

const KNOWN_PARAMETERS = [
  'api-version',
  'starttime',
  'endtime',
  'interval',
  'metricnamespace',
  'metricnames',
  'aggregation',
  'filter',
  'top',
];
const API_VERSIONS = ['2023-10-01', '2024-02-01'];
const INTERVALS = ['PT1M', 'PT5M', 'PT15M', 'PT30M', 'PT1H', 'PT6H', 'PT12H', 'P1D', 'FULL'];
const HOUR_MS = 3_600_000;
const RESOURCES_MAX = 50;
/** Thirty days of minutes. */
const POINTS_MAX = 43_200;
const TOP_MAX = 1000;
const TOP_DEFAULT = 10;

export function parseMetricsQuery(query: URLSearchParams, body: unknown, nowMs: number): MetricsQuery {
  const get = (name: string) => parameterOf(query, name);
  for (const name of query.keys()) {
    // The SDK sends the key itself percent-encoded; the first decoding leaves `api-version`.
    if (!KNOWN_PARAMETERS.includes(name.toLowerCase()))
      throw new MetricsRefusal(`The parameter '${name.slice(0, 50)}' is not emulated.`);
  }
  if (!API_VERSIONS.includes(get('api-version') ?? ''))
    throw new MetricsRefusal(`api-version must be one of ${API_VERSIONS.join(', ')}.`);
  if (get('metricnamespace')?.toLowerCase() !== 'microsoft.eventhub/namespaces')
    throw new MetricsRefusal('The local Azure has metrics of microsoft.eventhub/namespaces only.');
  if (get('metricnames')?.toLowerCase() !== 'incomingmessages')
    throw new MetricsRefusal('The local Azure has the metric IncomingMessages only.');
  if ((get('aggregation') ?? 'total').toLowerCase() !== 'total')
    throw new MetricsRefusal('The aggregation must be total.');
  const span = spanOf(get('starttime'), get('endtime'), nowMs);
  const interval = INTERVALS.find((each) => each === (get('interval') ?? 'PT1M').toUpperCase());
  if (interval === undefined) throw new MetricsRefusal(`interval must be one of ${INTERVALS.join(', ')}.`);
  return {
    resourceIds: resourceIdsOf(body),
    span,
    interval,
    grains: grainsOf(span, interval),
    entities: entitiesOf(get('filter')),
    top: topOf(get('top')),
  };
}

function parameterOf(query: URLSearchParams, name: string): string | undefined {
  const values = [...query].filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  if (values.length > 1) throw new MetricsRefusal(`The parameter '${name}' is given more than once.`);
  return values[0] === '' ? undefined : values[0];
}

function resourceIdsOf(body: unknown): readonly string[] {
  const ids = (body as { resourceids?: unknown } | null | undefined)?.resourceids;
  const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  if (!isList || ids.length === 0 || ids.length > RESOURCES_MAX)
    throw new MetricsRefusal(`resourceids must be a list of 1 to ${RESOURCES_MAX} resource ids.`);
  return ids as readonly string[];
}

/** The last hour, unless told otherwise. */
function spanOf(start: string | undefined, end: string | undefined, nowMs: number): TimeSpan {
  const toMs = end === undefined ? nowMs : parseInstant(end);
  if (toMs === undefined) throw new MetricsRefusal('endtime must be an ISO 8601 time.');
  const fromMs = start === undefined ? toMs - HOUR_MS : parseInstant(start);
  if (fromMs === undefined) throw new MetricsRefusal('starttime must be an ISO 8601 time.');
  if (fromMs >= toMs) throw new MetricsRefusal('starttime must be before endtime.');
  return { fromMs, toMs };
}

/** Grains begin at whole multiples of their length (UTC); the first one holds the start, the last one the end. */
function grainsOf({ fromMs, toMs }: TimeSpan, interval: string): MetricsQuery['grains'] {
  if (interval === 'FULL') return { fromMs, grainMs: toMs - fromMs, grainCount: 1 };
  const grainMs = parseDuration(interval) ?? HOUR_MS;
  const firstMs = Math.floor(fromMs / grainMs) * grainMs;
  const grainCount = Math.ceil((toMs - firstMs) / grainMs);
  if (grainCount > POINTS_MAX)
    throw new MetricsRefusal(
      `The timespan has more than ${POINTS_MAX} points of ${interval}; use a longer interval.`,
    );
  return { fromMs: firstMs, grainMs, grainCount };
}

/** `EntityName eq '*'`, or one or more names joined by `or`. */
function entitiesOf(filter: string | undefined): MetricsQuery['entities'] {
  if (filter === undefined) return undefined;
  const names = filter.split(/\s+or\s+/i).map((part) => {
    const [, name] = /^\s*EntityName\s+eq\s+'([^']+)'\s*$/i.exec(part) ?? [];
    if (name === undefined)
      throw new MetricsRefusal("filter must be EntityName eq '*', or EntityName eq '<hub>' joined by or.");
    return name.toLowerCase();
  });
  return names.includes('*') ? 'all' : new Set(names);
}

function topOf(text: string | undefined): number {
  if (text === undefined) return TOP_DEFAULT;
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1 || top > TOP_MAX)
    throw new MetricsRefusal(`top must be a whole number from 1 to ${TOP_MAX}.`);
  return top;
}
