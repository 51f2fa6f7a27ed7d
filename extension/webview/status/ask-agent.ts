import { read, type Shape } from '../../shared/shape.ts';

const ANSWER_MS_MAX = 10_000;

export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** The token is none, or no longer one. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'refused'; readonly what: string; readonly remedy: string }
  /** Nobody answers, or not in time, or not in words that we know. */
  | { readonly kind: 'away'; readonly what: string }
  /** A newer question came first. */
  | { readonly kind: 'overtaken' };

/** One query of the agent that served the page; nothing else can be asked from here. */
export async function askAgent<T>(
  path: string,
  shape: Shape<T>,
  token: string,
  overtaken?: AbortSignal,
): Promise<Answer<T>> {
  const timeout = AbortSignal.timeout(ANSWER_MS_MAX);
  try {
    const response = await fetch(path, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      signal: overtaken === undefined ? timeout : AbortSignal.any([timeout, overtaken]),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
    });
    if (response.status === 401 || response.status === 403) return { kind: 'locked' };
    const body: unknown = await response.json();
    if (!response.ok) return refusal(body, response.status);
    const checked = read(shape, body, 'answer');
    if (checked.ok) return { kind: 'ok', value: checked.value };
    return {
      kind: 'away',
      what: `The agent answered what this page does not understand: ${checked.problem}.`,
    };
  } catch (error) {
    if (overtaken?.aborted === true) return { kind: 'overtaken' };
    const isLate = (error as Error).name === 'TimeoutError';
    return {
      kind: 'away',
      what: isLate ? 'The agent does not answer in time.' : 'The agent does not answer.',
    };
  }
}

function refusal(body: unknown, status: number): Answer<never> {
  const { detail, remedy } = (body ?? {}) as Record<string, unknown>;
  return {
    kind: 'refused',
    what: typeof detail === 'string' ? detail : `The agent refused (${status}).`,
    remedy: typeof remedy === 'string' ? remedy : '',
  };
}
