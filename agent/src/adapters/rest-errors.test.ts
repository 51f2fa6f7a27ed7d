import { inspect } from 'node:util';
import { createHttpHeaders, createPipelineRequest, RestError } from '@azure/core-rest-pipeline';
import { AuthenticationError, CredentialUnavailableError } from '@azure/identity';
import { TransientError } from '@lakewarden/contracts';
import { describe, expect, test } from 'vitest';
import { classRestError, restFailure, wasNeverSent } from './rest-errors.ts';

function answered(status: number, headers: Record<string, string> = {}, code?: string): RestError {
  const request = createPipelineRequest({ url: 'https://a' });
  return new RestError('any text', {
    statusCode: status,
    request,
    response: { status, headers: createHttpHeaders(headers), request },
    ...(code !== undefined && { code }),
  });
}

const unanswered = (code: string) => new RestError('any text', { code });

describe('what a REST client threw', () => {
  test.each([
    [429, 'TransientError', 'throttled'],
    [503, 'TransientError', 'unavailable'],
    [500, 'TransientError', 'unavailable'],
    [408, 'TransientError', 'timeout'],
    [400, 'TerminalError', 'invalid'],
    [401, 'TerminalError', 'unauthorized'],
    [403, 'TerminalError', 'unauthorized'],
    [404, 'TerminalError', 'not-found'],
    [416, 'TerminalError', 'invalid'],
    [422, 'TerminalError', 'failed'],
  ])('with status %i is a %s of code %s', (status, name, code) => {
    expect(classRestError(answered(status), 'call')).toMatchObject({ name, code });
  });

  test('without an answer is transient, and sure to have had no effect only when no connection was made', () => {
    expect(classRestError(unanswered('ECONNRESET'), 'call')).toMatchObject({ name: 'TransientError' });
    const failure = (code: string) => restFailure(unanswered(code));
    expect(wasNeverSent(failure('ECONNREFUSED') as never)).toBe(true);
    expect(wasNeverSent(failure('ECONNRESET') as never)).toBe(false);
    expect(wasNeverSent(restFailure(answered(503)) as never)).toBe(false);
  });

  test('keeps what the service asks to wait, in milliseconds and bounded', () => {
    expect(classRestError(answered(503, { 'retry-after': '7' }), 'call')).toMatchObject({
      retryAfterMs: 7_000,
    });
    expect(classRestError(answered(429, { 'retry-after-ms': '20' }), 'call')).toMatchObject({
      retryAfterMs: 20,
    });
    expect(classRestError(answered(503, { 'retry-after': '999999' }), 'call')).toMatchObject({
      retryAfterMs: 600_000,
    });
    const date = 'Sun, 22 Nov 2026 10:00:00 GMT';
    expect(classRestError(answered(503, { 'retry-after': date }), 'call')).toMatchObject({
      retryAfterMs: undefined,
    });
  });

  test('about a token is terminal only when the authority said no', () => {
    const refused = new AuthenticationError(401, { error: 'invalid_client', error_description: 'no' });
    const broken = new AuthenticationError(500, { error: 'server_error', error_description: 'no' });
    expect(classRestError(refused, 'call')).toMatchObject({ name: 'TerminalError', code: 'unauthorized' });
    expect(classRestError(broken, 'call')).toMatchObject({ name: 'TransientError' });
    expect(classRestError(new CredentialUnavailableError('x'), 'call')).toMatchObject({
      name: 'TransientError',
    });
  });

  test('passes through when it is ours already, or a bug', () => {
    const ours = new TransientError('timeout', 'ours');
    const bug = new TypeError('a bug');
    expect(classRestError(ours, 'call')).toBe(ours);
    expect(classRestError(bug, 'call')).toBe(bug);
  });

  test('carries no token, wherever it is printed (I17)', () => {
    const headers = createHttpHeaders({ authorization: 'Bearer s3cret' });
    const request = createPipelineRequest({ url: 'https://a', headers });
    const error = new RestError('text', { statusCode: 500, request });
    expect(inspect(classRestError(error, 'call'), { depth: 20, showHidden: true })).not.toContain('s3cret');
  });

  test('names what was tried, never what the service wrote', () => {
    const classed = classRestError(answered(403, {}, 'AuthorizationFailure'), 'read a/b') as Error;
    expect(classed.message).toBe('read a/b: 403 AuthorizationFailure');
  });
});
