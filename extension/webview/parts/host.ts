import { readMessage } from '../../shared/messages.ts';
import type { Shape } from '../../shared/shape.ts';

/** The extension's end, as the page sees it. */
export interface Host<To, From> {
  send(message: From): void;
  onMessage(act: (message: To) => void): void;
  /** What the page kept; it outlives the page being hidden. */
  kept(): unknown;
  keep(value: unknown): void;
}

/** Not more often: it crosses to the host each time. */
const KEEP_EVERY_MS = 300;

/** What comes is checked, and what goes; what breaks in the page is told to the host, for its log. */
export function hostOf<To, From extends { readonly type: string }>(
  to: Shape<To>,
  from: Shape<From | { readonly type: 'fault'; readonly message: string }>,
): Host<To, From | { readonly type: 'fault'; readonly message: string }> {
  const api = acquireVsCodeApi();
  let waiting: unknown;
  let isKeeping = false;
  const fault = (message: string) => api.postMessage({ type: 'fault', message: message.slice(0, 500) });
  addEventListener('error', ({ message }) => fault(message));
  addEventListener('unhandledrejection', ({ reason }) => fault(String(reason)));
  return {
    send(message) {
      const checked = readMessage(from, message);
      if (checked.ok) api.postMessage(message);
      else fault(`not sent: ${checked.problem}`);
    },
    onMessage(act) {
      addEventListener('message', ({ data }) => {
        const checked = readMessage(to, data);
        if (checked.ok) act(checked.value);
        else fault(`not understood: ${checked.problem}`);
      });
    },
    kept: () => api.getState(),
    keep(value) {
      waiting = value;
      if (isKeeping) return;
      isKeeping = true;
      setTimeout(() => {
        isKeeping = false;
        api.setState(waiting);
      }, KEEP_EVERY_MS);
    },
  };
}
