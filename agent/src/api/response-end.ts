import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What waits for the end of a response, by its socket; one listener a socket, however many requests share it. */
const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `act` once: when the response is done, or when its connection is gone. The second is needed because a response
 * that waits behind another one of the same connection is never told that the connection went.
 */
export function onceDone(socket: Socket, response: ServerResponse, act: () => void): void {
  const acts = pending.get(socket) ?? trackSocket(socket);
  const done = () => {
    if (acts.delete(done)) act();
  };
  acts.add(done);
  response.once('close', done);
  if (socket.destroyed) done();
}

function trackSocket(socket: Socket): Set<() => void> {
  const acts = new Set<() => void>();
  pending.set(socket, acts);
  socket.once('close', () => {
    for (const done of [...acts]) done();
  });
  return acts;
}
