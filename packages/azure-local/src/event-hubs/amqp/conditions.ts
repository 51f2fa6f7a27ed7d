/**
 * The service's errors. Clients class them by condition, and some by text: the JavaScript SDK knows a missing entity by
 * "The messaging entity ... could not be found" (core-amqp errors.ts). Texts of the rest: public issue threads and docs.
 */
import { randomUUID } from 'node:crypto';
import type { AmqpError } from './rhea.ts';

export const MESSAGE_BYTES_MAX = 1 << 20;

function tracked(text: string): string {
  return `${text} TrackingId:${randomUUID()}, SystemTracker:lakewarden-local`;
}

export function entityNotFound(entity: string): AmqpError {
  const description = `The messaging entity '${entity}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions.`;
  return { condition: 'amqp:not-found', description: tracked(description) };
}

export function partitionOutOfRange(partitionCount: number): AmqpError {
  const description = `The specified partition is invalid for an EventHub partition sender or receiver. It should be between 0 and ${partitionCount - 1}.`;
  return { condition: 'com.microsoft:argument-out-of-range', description: tracked(description) };
}

export function unauthorized(claim: 'Send' | 'Listen' | 'Manage', resource: string): AmqpError {
  const description = `Unauthorized access. '${claim}' claim(s) are required to perform this operation. Resource: '${resource}'.`;
  return { condition: 'amqp:unauthorized-access', description: tracked(description) };
}

export function expiredClaim(resource: string): AmqpError {
  const description = `The token for '${resource}' is expired, or it was never given.`;
  return { condition: 'amqp:unauthorized-access', description: tracked(`ExpiredToken: ${description}`) };
}

export function messageTooLarge(bytes: number): AmqpError {
  const description = `The received message (delivery-id:0, size:${bytes} bytes) exceeds the limit (${MESSAGE_BYTES_MAX} bytes) currently allowed on the link.`;
  return { condition: 'amqp:link:message-size-exceeded', description: tracked(description) };
}

export function argumentError(text: string): AmqpError {
  return { condition: 'com.microsoft:argument-error', description: tracked(text) };
}

export function malformedMessage(reason: string): AmqpError {
  return { condition: 'amqp:decode-error', description: tracked(`The message cannot be read: ${reason}.`) };
}

export function internalError(): AmqpError {
  const description = 'The service was unable to process the request; please retry the operation.';
  return { condition: 'amqp:internal-error', description: tracked(description) };
}

export function tooManyReceivers(receivers: number, partition: number): AmqpError {
  const description = `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ${receivers}. Partition: ${partition}.`;
  return { condition: 'amqp:resource-limit-exceeded', description: tracked(description) };
}

export function receiverStolen(options: {
  readonly name: string;
  readonly epoch: bigint | undefined;
  readonly newName: string;
  readonly newEpoch: bigint;
}): AmqpError {
  const description =
    `New receiver '${options.newName}' with higher epoch of '${options.newEpoch}' is created hence current receiver ` +
    `'${options.name}' with epoch '${options.epoch ?? 'nil'}' is getting disconnected. If you are recreating the receiver, make sure a higher epoch is used.`;
  return { condition: 'amqp:link:stolen', description: tracked(description) };
}

export function higherEpochExists(name: string, epoch: bigint | undefined, existing: bigint): AmqpError {
  const description =
    `Receiver '${name}' with a higher epoch of '${existing}' already exists. Receiver '${name}' with epoch ${epoch ?? 'nil'} cannot be created. ` +
    'Make sure you are creating receiver with increasing epoch value to ensure connectivity, or ensure all old epoch receivers are closed or disconnected.';
  return { condition: 'amqp:link:stolen', description: tracked(description) };
}

export function forcedDetach(): AmqpError {
  const description = 'The link was detached by the service; please attach again.';
  return { condition: 'amqp:link:detach-forced', description: tracked(description) };
}

/** An injected failure: `code` is an AMQP condition, else the HTTP status is translated as the SDKs' gateways do. */
export function injectedError(status: number, code: string | undefined): AmqpError {
  const condition = code?.includes(':') === true ? code : conditionOf(status);
  return { condition, description: tracked(`Injected failure (${code ?? status}).`) };
}

function conditionOf(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return 'amqp:unauthorized-access';
    case 404:
      return 'amqp:not-found';
    case 408:
      return 'com.microsoft:timeout';
    case 429:
    case 503:
      return 'com.microsoft:server-busy';
    default:
      return 'amqp:internal-error';
  }
}
