import { isObject, type JsonObject, textOf } from '../json.ts';
import { copyFailure } from './copy-error.ts';
import { pathSegments } from './path-segments.ts';
import type { ResolvedCopy } from './resolve-copy.ts';
import type { SourceFile } from './source-file.ts';

/** Default of requestTimeout: MS Learn "Copy data from an HTTP endpoint". */
const requestTimeoutMsDefault = 100_000;
const namelessFile = 'data';

/** An HttpServer linked service: one GET (or POST) of `url` + `relativeUrl`, streamed. */
export function listHttp(copy: ResolvedCopy): readonly SourceFile[] {
  const url = targetUrl(copy);
  const request = requestOf(copy);
  const timeoutMs = timeSpanMs(textOf(copy.sourceSettings.requestTimeout)) ?? requestTimeoutMsDefault;
  const lastSegment = decodedName(
    url.pathname
      .split('/')
      .filter((part) => part !== '')
      .at(-1),
  );
  return [
    {
      // Assumption: without a file name at the sink, the last part of the path names the file.
      relative: pathSegments(lastSegment ?? namelessFile, 'Source').slice(-1),
      open: (signal) => fetchBody(url, request, timeoutMs, signal),
    },
  ];
}

function decodedName(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Joined as text, as the service does, but never to another host or above the path of the linked service. */
function targetUrl(copy: ResolvedCopy): URL {
  const baseText = textOf(copy.source.linkedService.url);
  const relative = textOf(copy.source.location.relativeUrl);
  const refused = copyFailure('UserErrorInvalidPath', 'Source', 'The URL of the HTTP source is not allowed.');
  if (!URL.canParse(baseText)) throw refused;
  const base = new URL(baseText);
  const text = relative === '' ? baseText : `${baseText.replace(/\/$/, '')}/${relative.replace(/^\//, '')}`;
  if (!URL.canParse(text)) throw refused;
  const url = new URL(text);
  const folder = base.pathname.replace(/\/$/, '');
  const isInside = url.pathname === folder || url.pathname.startsWith(`${folder}/`);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  if (!isHttp || url.origin !== base.origin || !isInside) throw refused;
  return url;
}

function requestOf(copy: ResolvedCopy): { method: string; headers: Headers; body?: string } {
  const { sourceSettings, source } = copy;
  const method = textOf(sourceSettings.requestMethod).toUpperCase() || 'GET';
  const headers = new Headers();
  for (const line of textOf(sourceSettings.additionalHeaders).split(/\r?\n/)) {
    const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) headers.set(name, value);
  }
  const { linkedService } = source;
  if (textOf(linkedService.authenticationType) === 'Basic') {
    const pair = `${textOf(linkedService.userName)}:${secretOf(linkedService.password)}`;
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  }
  if (method === 'POST') return { method, headers, body: textOf(sourceSettings.requestBody) };
  return { method: 'GET', headers };
}

function secretOf(value: JsonObject[string]): string {
  return isObject(value) ? textOf(value.value) : textOf(value);
}

async function fetchBody(
  url: URL,
  request: { method: string; headers: Headers; body?: string },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  // The time limit is for the answer's head; a large body may take longer and ends with the activity's own limit.
  const head = new AbortController();
  const timer = setTimeout(() => head.abort(), timeoutMs);
  try {
    // A redirect could lead to any host, the real Azure among them; it counts as a failed status instead.
    const response = await fetch(url, {
      ...request,
      redirect: 'manual',
      signal: AbortSignal.any([signal, head.signal]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw httpFailure(url, `HTTP status ${response.status}`);
    }
    return guardedBody(response, url);
  } catch (error) {
    if (signal.aborted) throw error;
    throw error instanceof TypeError || head.signal.aborted ? httpFailure(url, causeOf(error)) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function* guardedBody(response: Response, url: URL): AsyncIterable<Uint8Array> {
  if (response.body === null) return;
  try {
    yield* response.body;
  } catch (error) {
    // A connection that breaks in the middle surfaces here as a TypeError ("terminated").
    throw error instanceof TypeError ? httpFailure(url, causeOf(error)) : error;
  }
}

function causeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } }).cause;
  return typeof cause?.code === 'string' ? cause.code : 'the request timed out or was cut';
}

function httpFailure(url: URL, why: string): Error {
  const message = `Failed to read data from http server ${url.origin}${url.pathname}: ${why}.`;
  return copyFailure('HttpFileFailedToRead', 'Source', message);
}

function timeSpanMs(text: string): number | undefined {
  const match = /^(\d\d):(\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
