import type { AgentEvent } from '@lakewarden/contracts';

/**
 * The newest events, as they go over the wire, in a bounded ring; every reader holds only its place in it. So a slow
 * reader costs no memory, and one that is left behind finds out (I15).
 */
export interface EventHub {
  publish(event: AgentEvent): void;
  /** After the event with that id; from now on when undefined. */
  read(lastEventId: string | undefined): EventCursor;
  /** Called, at most once a turn of the event loop, after something was published. Returns what ends it. */
  onPublished(listener: () => void): () => void;
}

export interface EventCursor {
  /** Events that this reader has not seen have left the ring: `next` will say `reset`. */
  readonly isBehind: boolean;
  /**
   * The next frames, at least one and then up to about `charsMax`; empty when there is nothing new. To a reader that is
   * behind, the one frame that says so; reading goes on behind the newest event.
   */
  next(charsMax: number): string;
}

export interface EventHubOptions {
  /** Differs from start to start, so that ids of an agent before are not taken for ours: milliseconds of the start. */
  readonly startedMs: number;
  readonly eventsMax?: number;
  readonly charsMax?: number;
}

const EVENTS_MAX = 4_096;
const CHARS_MAX = 8 * 1024 * 1024;

export function createEventHub(options: EventHubOptions): EventHub {
  const { startedMs, eventsMax = EVENTS_MAX, charsMax = CHARS_MAX } = options;
  const frames: string[] = new Array(eventsMax).fill('');
  const listeners = new Set<() => void>();
  /** Sequence numbers from 1; live are `first` to `last`, both inclusive. */
  let first = 1;
  let last = 0;
  let chars = 0;
  let told = true;

  const frameOf = (sequence: number, event: AgentEvent) =>
    `id: ${startedMs}-${sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

  function drop(): void {
    chars -= frames[first % eventsMax]?.length ?? 0;
    frames[first % eventsMax] = '';
    first++;
  }

  function tell(): void {
    told = true;
    for (const listener of [...listeners]) listener();
  }

  /** Undefined: not an id of this start, or of the future. */
  function sequenceOf(id: string): number | undefined {
    const [, start, sequence] = /^([0-9]{1,16})-([0-9]{1,15})$/.exec(id) ?? [];
    if (start !== String(startedMs) || sequence === undefined || Number(sequence) > last) return undefined;
    return Number(sequence);
  }

  return {
    publish(event) {
      const frame = frameOf(last + 1, event);
      while (first <= last && (last - first + 1 >= eventsMax || chars + frame.length > charsMax)) drop();
      last++;
      frames[last % eventsMax] = frame;
      chars += frame.length;
      if (!told) return;
      told = false;
      setImmediate(tell);
    },

    read(lastEventId) {
      // -1 is behind everything: whoever names an event that we do not know has missed some.
      let seen = lastEventId === undefined ? last : (sequenceOf(lastEventId) ?? -1);
      return {
        get isBehind() {
          return seen < first - 1;
        },
        next(pieceCharsMax) {
          if (this.isBehind) {
            seen = last;
            return frameOf(seen, MISSED);
          }
          let text = '';
          while (seen < last && text.length < pieceCharsMax) text += frames[++seen % eventsMax] ?? '';
          return text;
        },
      };
    },

    onPublished(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const MISSED: AgentEvent = { type: 'reset', reason: 'events were missed: ask for everything again' };
