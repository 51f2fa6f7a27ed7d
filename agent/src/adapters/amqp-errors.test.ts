import { AuthenticationError } from '@azure/identity';
import { expect, test } from 'vitest';
import { classAmqpError, isStolen } from './amqp-errors.ts';

const messaging = (code: string) => Object.assign(new Error('any text'), { name: 'MessagingError', code });

test.each([
  ['MessagingEntityNotFoundError', 'TerminalError', 'not-found'],
  ['UnauthorizedError', 'TerminalError', 'unauthorized'],
  ['ArgumentError', 'TerminalError', 'invalid'],
  ['ServerBusyError', 'TransientError', 'throttled'],
  ['QuotaExceededError', 'TransientError', 'limit'],
  ['OperationTimeoutError', 'TransientError', 'timeout'],
  ['DetachForcedError', 'TransientError', 'unavailable'],
  ['ECONNREFUSED', 'TransientError', 'unavailable'],
])('%s is a %s of code %s', (code, name, classed) => {
  expect(classAmqpError(messaging(code), 'read')).toMatchObject({ name, code: classed });
});

test('a bare error without a code is a broken connection, which may heal', () => {
  expect(classAmqpError(new Error('any text'), 'read')).toMatchObject({ code: 'unavailable' });
});

test('after the attempts of the SDK the last one decides', () => {
  const all = new AggregateError([messaging('ServerBusyError'), messaging('MessagingEntityNotFoundError')]);
  expect(classAmqpError(all, 'read')).toMatchObject({ name: 'TerminalError', code: 'not-found' });
});

test('a refused token is terminal, a bug passes through', () => {
  const refused = new AuthenticationError(401, { error: 'invalid_client', error_description: 'no' });
  expect(classAmqpError(refused, 'read')).toMatchObject({ name: 'TerminalError', code: 'unauthorized' });
  const bug = new TypeError('bug');
  expect(classAmqpError(bug, 'read')).toBe(bug);
});

test('a theft is known alone and among the attempts', () => {
  expect(isStolen(messaging('ReceiverDisconnectedError'))).toBe(true);
  expect(isStolen(new AggregateError([messaging('x'), messaging('ReceiverDisconnectedError')]))).toBe(true);
  expect(isStolen(messaging('DetachForcedError'))).toBe(false);
});
