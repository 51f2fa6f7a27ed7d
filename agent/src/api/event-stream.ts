import type { ServerResponse } from 'node:http';
import type { Principal } from '@lakewarden/contracts';
import type { Clock, EmitFact } from '@lakewarden/core';
import type { EventCursor, EventHub } from './event-hub.ts';

export const EVENT_CLIENTS_MAX = 64;
const HEARTBEAT_MS = 15_000;
/** Handed to the socket at a time; it holds about as much again before it says that it is full. */
const PIECE_CHARS_MAX = 64 * 1024;
/** What a browser waits before it connects again. */
const RECONNECT_MS = 2_000;

/** The readers of `GET /api/v1/events`. */
export interface EventStreams {
  readonly isFull: boolean;
  /** Writes the head and then events, until the client goes, is left behind or its token expires. */
  open(client: EventClient): void;
  /** Ends all; they may connect again elsewhere. */
  end(): void;
}

export interface EventClient {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly caller: Principal;
  readonly expiresAtMs: number;
  readonly lastEventId: string | undefined;
}

interface Reader {
  readonly expiresAtMs: number;
  /** Sends what there is, as far as the socket takes it. */
  readonly send: () => void;
  readonly beat: () => void;
  readonly end: () => void;
}

export function createEventStreams(hub: EventHub, clock: Clock, emit: EmitFact): EventStreams {
  const readers = new Set<Reader>();
  const ending = new AbortController();
  let isBeating = false;
  const stopListening = hub.onPublished(() => {
    for (const reader of [...readers]) reader.send();
  });

  async function beat(): Promise<void> {
    isBeating = true;
    while (!ending.signal.aborted) {
      // Only the end of everything cancels the wait.
      await clock.sleep(HEARTBEAT_MS, ending.signal).catch(() => undefined);
      for (const reader of [...readers]) {
        if (reader.expiresAtMs <= clock.now()) reader.end();
        else reader.beat();
      }
    }
  }

  return {
    get isFull() {
      return readers.size >= EVENT_CLIENTS_MAX;
    },
    open(client) {
      const { response, headers } = client;
      response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
      response.write(`retry: ${RECONNECT_MS}\n\n`);
      const leave = () => readers.delete(reader);
      const reader = createReader(client, hub.read(client.lastEventId), leave, () =>
        emit({ type: 'EventReaderDropped', principal: client.caller.id }),
      );
      readers.add(reader);
      response.once('close', leave);
      response.on('drain', reader.send);
      reader.send();
      if (!isBeating) void beat();
    },
    end() {
      stopListening();
      ending.abort();
      for (const reader of [...readers]) reader.end();
    },
  };
}

function createReader(
  { response, expiresAtMs }: EventClient,
  cursor: EventCursor,
  leave: () => void,
  onDropped: () => void,
): Reader {
  const canWrite = () => !response.writableEnded && !response.destroyed && !response.writableNeedDrain;
  const end = (text = '') => {
    leave();
    response.end(text);
  };
  // Who comes back after too long a time is told so and may go on; only who falls behind while connected is dropped.
  if (cursor.isBehind) response.write(cursor.next(1));

  return {
    expiresAtMs,
    send() {
      if (response.writableEnded || response.destroyed) return;
      if (cursor.isBehind) {
        end(cursor.next(1));
        onDropped();
        return;
      }
      while (canWrite()) {
        const text = cursor.next(PIECE_CHARS_MAX);
        if (text === '') return;
        response.write(text);
      }
    },
    beat() {
      if (canWrite()) response.write(':\n\n');
    },
    end: () => end(),
  };
}
