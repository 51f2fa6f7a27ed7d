import { source } from 'inline:./layout.worker.ts';

/**
 * The worker comes with the page: a webview may load no second script, so its source is a text in the first one. Nothing
 * from outside ever gets into it.
 */
export function createLayoutWorker(): Worker {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'layout' });
  URL.revokeObjectURL(url);
  return worker;
}
