/** Claims-based security: `put-token` on `$cbs` (AMQP CBS 1.0 working draft 5; core-amqp cbs.ts). */
import { verifySasToken } from '../sas-token.ts';
import type { Broker } from './broker.ts';
import type { Claims } from './claims.ts';
import { entityNotFound } from './conditions.ts';
import { audiencePath } from './link-address.ts';
import type { DecodedMessage } from './rhea.ts';

const AUDIENCES = ['https://eventhubs.azure.net', 'https://servicebus.azure.net'];

export type RequestAnswer = {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body?: unknown;
};

type Verdict =
  | { readonly kind: 'granted'; readonly resource: string; readonly expiresMs: number }
  | { readonly kind: 'denied'; readonly reason: string };

export async function putToken(
  broker: Broker,
  namespace: string,
  claims: Claims,
  request: DecodedMessage,
): Promise<RequestAnswer> {
  const { operation, type, name } = request.application_properties ?? {};
  if (operation !== 'put-token')
    return { status: 400, description: `The operation '${operation}' is not supported.` };
  if (typeof name !== 'string')
    return { status: 400, description: 'The application property "name" is missing.' };
  const token = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : request.body;
  if (typeof token !== 'string') return { status: 400, description: 'The token is missing.' };
  const path = audiencePath(name);
  const verdict = await judge(broker, String(type), token, path);
  if (verdict.kind === 'denied')
    return { status: 401, description: verdict.reason, condition: 'amqp:unauthorized-access' };
  const [hub = ''] = path.split('/');
  if (hub !== '' && !hub.startsWith('$') && broker.hubs.find(namespace, hub) === undefined) {
    const { condition, description } = entityNotFound(name);
    return { status: 404, condition, description };
  }
  // A token of the whole namespace or hub grants just that, whatever entity the client names with it.
  claims.grant(verdict.resource, verdict.expiresMs);
  return { status: 202, description: 'Accepted' };
}

async function judge(broker: Broker, type: string, token: string, path: string): Promise<Verdict> {
  switch (type) {
    case 'servicebus.windows.net:sastoken': {
      const verdict = verifySasToken(token, broker.sas, broker.now());
      if (!verdict.valid) return { kind: 'denied', reason: SAS_REASONS[verdict.reason] };
      const resource = audiencePath(verdict.resource);
      if (resource !== '' && path !== resource && !path.startsWith(`${resource}/`))
        return { kind: 'denied', reason: 'InvalidAudience: The token is for another resource.' };
      return { kind: 'granted', resource, expiresMs: verdict.expiresMs };
    }
    case 'jwt': {
      const verdict = await broker.verifyToken(token, AUDIENCES);
      if (!verdict.valid)
        return { kind: 'denied', reason: `InvalidToken: The token is refused (${verdict.reason}).` };
      return { kind: 'granted', resource: path, expiresMs: verdict.claims.exp * 1000 };
    }
    default:
      return { kind: 'denied', reason: `The token type '${type}' is not supported.` };
  }
}

const SAS_REASONS = {
  malformed: 'MalformedToken: The token is malformed.',
  signature: 'InvalidSignature: The token has an invalid signature.',
  expired: 'ExpiredToken: The token is expired.',
} as const;
