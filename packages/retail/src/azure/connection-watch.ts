import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/**
 * Tells at once that the connection of an SDK client is gone. The SDK itself lets a send that was under way wait out its
 * time limit (rhea-promise, AwaitableSender: pending sends hear of link and session errors, not of a lost socket).
 *
 * Node announces every socket that is opened, in the asynchronous context of whoever opens it; so calls of a client that
 * are made through `watch` show which sockets are its own. Such sockets also send without Nagle's delay, which the SDK
 * leaves on and which halves the rate of sends (facts.md, Azure 3).
 */
export class ConnectionWatch {
  readonly #lost = new AbortController();

  constructor() {
    listen();
  }

  /** Aborted when a socket that was opened through `watch` has closed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  watch<T>(call: () => Promise<T>): Promise<T> {
    return current.run(this, call);
  }

  adopt(socket: Socket): void {
    socket.setNoDelay(true);
    socket.once('close', () => this.#lost.abort());
  }
}

const current = new AsyncLocalStorage<ConnectionWatch>();
let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  subscribe('net.client.socket', (message) => {
    current.getStore()?.adopt((message as { readonly socket: Socket }).socket);
  });
}
