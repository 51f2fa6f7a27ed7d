import { buffersOf, layOut } from './layout.ts';
import type { Layout, LayoutInput } from './layout-types.ts';

export interface LayoutQuestion extends LayoutInput {
  readonly request: number;
}
export type LayoutAnswer =
  | { readonly request: number; readonly layout: Layout; readonly tookMs: number }
  | { readonly request: number; readonly problem: string };

/** The part of a worker's global scope that we use; the library for workers would hide that of pages. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<LayoutQuestion>) => void) | null;
  postMessage(answer: LayoutAnswer, transfer: Transferable[]): void;
}
const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  const started = performance.now();
  try {
    const layout = layOut(data);
    const tookMs = performance.now() - started;
    scope.postMessage({ request: data.request, layout, tookMs }, buffersOf(layout));
  } catch (error) {
    scope.postMessage({ request: data.request, problem: String(error) }, []);
  }
};
