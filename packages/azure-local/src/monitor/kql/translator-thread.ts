/** The thread's side of the translator: loads the language at its first query, then one message in, one out. */
import { parentPort, workerData } from 'node:worker_threads';
import { type KustoLanguage, loadKustoLanguage } from './kusto-language.ts';
import type { TableSchema, Translation } from './plan.ts';
import { translateQuery } from './translate-query.ts';

export interface ToThread {
  readonly id: number;
  readonly query: string;
}
export interface FromThread {
  readonly id: number;
  readonly translation: Translation;
  /** The parser threw: what state it is in now nobody knows. */
  readonly isSpoilt: boolean;
}

if (parentPort === null) throw new Error('the translator runs in a worker thread only');
const port = parentPort;
let language: KustoLanguage | undefined;

port.on('message', ({ id, query }: ToThread) => {
  language ??= loadKustoLanguage(workerData as readonly TableSchema[]);
  port.postMessage(answer(id, query, language));
});

function answer(id: number, query: string, loaded: KustoLanguage): FromThread {
  try {
    return { id, translation: translateQuery(query, loaded), isSpoilt: false };
  } catch {
    // Deep nesting ends the parser's stack; other texts find its own mistakes. Either way it is no query that we can run.
    const message = 'The query could not be parsed: it is nested too deeply, or the parser failed on it.';
    const refusal = { code: 'SyntaxError', detail: 'ParserFailed', message } as const;
    return { id, translation: { ok: false, refusal }, isSpoilt: true };
  }
}
