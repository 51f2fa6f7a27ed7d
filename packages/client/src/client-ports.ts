import { TerminalError } from '@lakewarden/contracts';

/** Bounds of every exchange; a test makes them short. */
export interface ClientLimits {
  /** From the request to the last byte of the answer. */
  readonly requestMs: number;
  /** Until the first byte of an event stream. */
  readonly connectMs: number;
  /** An event stream on which not even a heartbeat was heard for so long is taken for dead. */
  readonly silenceMs: number;
  readonly answerBytes: number;
  readonly frameChars: number;
}

/** The agent's heartbeat is 15 s, its largest frame 8 Mi characters. */
export const LIMITS: ClientLimits = {
  requestMs: 30_000,
  connectMs: 10_000,
  silenceMs: 45_000,
  answerBytes: 64 * 1024 * 1024,
  frameChars: 9 * 1024 * 1024,
};

export interface ClientClock {
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

export const hostClock: ClientClock = {
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

/**
 * `http://127.0.0.1:7077`, without a slash at its end. A token never leaves the machine unencrypted: plain http is for
 * loopback only. Throws `TerminalError('invalid')`.
 */
export function agentUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const refuse = (what: string) =>
    new TerminalError(
      'invalid',
      `${what} · ${text} · give such as http://127.0.0.1:7077 or https://agent.example`,
    );
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) throw refuse('no URL of an agent');
  if (url.username !== '' || url.password !== '') throw refuse('a URL of an agent holds no password');
  if (url.search !== '' || url.hash !== '') throw refuse('a URL of an agent has no query');
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw refuse('plain http would show the token to the network');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
