import {
  ACTION_NAMES,
  type ActionContract,
  type ActionName,
  type Principal,
  type TransientError,
} from '@lakewarden/contracts';
import { reasonOf } from '../facts.ts';
import { hintFor, type Refused, refuse } from './action.ts';

export type InputReading =
  | { readonly kind: 'input'; readonly input: Readonly<Record<string, unknown>> }
  | Refused;

const ISSUES_MAX = 5;
/** What strangers write comes back to them only so far. */
const MESSAGE_CHARS_MAX = 300;

/** What was sent, as the schema of the action reads it, with defaults. */
export function readInput(name: ActionName, contract: ActionContract, raw: unknown): InputReading {
  const remedy = `It takes: ${Object.keys(contract.input.shape).join(', ')}.`;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return refuse('invalid', `${name}: the input is no object`, remedy);
  }
  // An own `__proto__` comes from JSON text only, and nobody means well by it; not every reader even sees it.
  if (Object.hasOwn(raw, '__proto__')) return refuse('invalid', `${name}: unknown key "__proto__"`, remedy);
  const parsed = contract.input.safeParse(raw);
  if (parsed.success) return { kind: 'input', input: parsed.data };
  const issues = parsed.error.issues
    .slice(0, ISSUES_MAX)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));
  return refuse('invalid', `${name}: ${issues.join('; ')}`.slice(0, MESSAGE_CHARS_MAX), remedy);
}

const NAME_SHOWN_CHARS = 40;

export function unknownAction(name: string): Refused {
  const shown = name.slice(0, NAME_SHOWN_CHARS);
  const remedy = hintFor(shown, ACTION_NAMES, '');
  return refuse('unknown-action', `there is no action ${JSON.stringify(shown)}`, remedy);
}

export function forbidden(name: ActionName, { role }: ActionContract, principal: Principal): Refused {
  const message = `${name} needs the role ${role}; ${principal.id} is ${principal.role}`;
  return refuse('forbidden', message, `Ask somebody with the role ${role}.`);
}

export function unavailable(name: ActionName, error: TransientError): Refused {
  return refuse(
    'unavailable',
    `${name} could not be written to the audit, without which nothing is done: ${reasonOf(error)}`,
    'Send the same request again in a few seconds, with the same idempotency key.',
  );
}

const KEY = /^[\x21-\x7e]{1,200}$/;

export function readKey(
  key: string | undefined,
): { readonly kind: 'key'; readonly key: string | undefined } | Refused {
  if (key === undefined || KEY.test(key)) return { kind: 'key', key };
  return refuse(
    'invalid',
    'the idempotency key is none',
    'Use 1 to 200 printable characters without blanks, such as a UUID.',
  );
}
