/**
 * Parses queries in a thread that exists only while somebody asks: Microsoft's parser takes 150 MB, and seconds for a
 * text made to hurt it. A parse that runs into its limit ends the thread, not the service.
 */
import { Worker } from 'node:worker_threads';
import type { TableSchema, Translation } from './plan.ts';
import type { FromThread, ToThread } from './translator-thread.ts';

export interface Translator {
  /** The outcome for any text. Rejects when the thread cannot be started, and after `close`. */
  translate(query: string): Promise<Translation>;
  close(): Promise<void>;
}

export interface TranslatorTiming {
  /** From when the thread turns to a query; the first one of a thread loads the library in this time. */
  readonly parseMsMax: number;
  readonly idleMsMax: number;
}

const TIMING: TranslatorTiming = { parseMsMax: 10_000, idleMsMax: 10 * 60_000 };
export const QUERY_CHARS_MAX = 32_768;
const QUEUED_MAX = 100;
const HEAP_MB_MAX = 512;
/** The parser leaves little garbage: a larger one takes 70 MB and gains nothing. */
const YOUNG_HEAP_MB = 4;

interface Waiting {
  readonly query: string;
  readonly resolve: (translation: Translation) => void;
  readonly reject: (error: Error) => void;
}

export function createTranslator(
  tables: readonly TableSchema[],
  timing: TranslatorTiming = TIMING,
): Translator {
  const queue: Waiting[] = [];
  let thread: Worker | undefined;
  let current: { readonly id: number; readonly waiting: Waiting } | undefined;
  let limit: NodeJS.Timeout | undefined;
  let lastId = 0;
  let isClosed = false;

  function threadOrNew(): Worker {
    if (thread !== undefined) return thread;
    const made = new Worker(new URL('./translator-thread.ts', import.meta.url), {
      workerData: tables,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    made.on('message', (message: FromThread) => {
      if (message.id !== current?.id) return;
      if (message.isSpoilt) drop();
      finish(message.translation);
    });
    // Also when it runs out of memory: the query at hand has done that.
    made.on('error', () => {
      if (thread !== made) return;
      thread = undefined;
      finish(refused('ParserFailed', 'The parser failed on the query.'));
    });
    thread = made;
    return made;
  }

  function drop(): void {
    void thread?.terminate();
    thread = undefined;
  }

  function startLimit(afterMs: number, then: () => void): void {
    clearTimeout(limit);
    limit = setTimeout(then, afterMs);
    limit.unref();
  }

  function next(): void {
    if (current !== undefined) return;
    const waiting = queue.shift();
    if (waiting === undefined) {
      thread?.unref();
      startLimit(timing.idleMsMax, drop);
      return;
    }
    lastId += 1;
    current = { id: lastId, waiting };
    try {
      const working = threadOrNew();
      working.ref();
      working.postMessage({ id: lastId, query: waiting.query } satisfies ToThread);
    } catch (error) {
      current = undefined;
      waiting.reject(error as Error);
      return;
    }
    startLimit(timing.parseMsMax, () => {
      drop();
      finish(refused('ParserFailed', `The query could not be parsed within ${timing.parseMsMax} ms.`));
    });
  }

  function finish(translation: Translation): void {
    const done = current;
    current = undefined;
    done?.waiting.resolve(translation);
    next();
  }

  return {
    translate: async (query) => {
      if (isClosed) throw new Error('the translator is closed');
      if (query.length > QUERY_CHARS_MAX)
        return refused('QueryTooLong', `The query is longer than ${QUERY_CHARS_MAX} characters.`);
      if (queue.length >= QUEUED_MAX) return refused('TooManyQueries', 'Too many queries wait to be parsed.');
      return new Promise((resolve, reject) => {
        queue.push({ query, resolve, reject });
        next();
      });
    },
    close: async () => {
      isClosed = true;
      clearTimeout(limit);
      const left = [...(current === undefined ? [] : [current.waiting]), ...queue.splice(0)];
      current = undefined;
      for (const { reject } of left) reject(new Error('the translator is closed'));
      await thread?.terminate();
      thread = undefined;
    },
  };
}

function refused(detail: string, message: string): Translation {
  return { ok: false, refusal: { code: 'SyntaxError', detail, message } };
}
