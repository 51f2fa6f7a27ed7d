import type { Pipeline } from '@lakewarden/compute';
import type { Incident, Placeholder, Signal, SignalKind } from '@lakewarden/contracts';
import { serviceOf } from '../observe/explain.ts';
import { datasetOf, placeOf, readersOf } from '../observe/lineage.ts';

/**
 * What the braces of a runbook's texts become, bound once when an execution starts. Besides the placeholders: `slices` and
 * `readers` are lists with commas, for `forEach`, and `checkpoint` is where a partition stood.
 */
export type Bindings = Readonly<Record<string, string>>;

/** What signals of a kind can be asked for; `run` may still be missing when the run never got an id. */
export const PLACEHOLDERS_OF: Readonly<Record<SignalKind, readonly Placeholder[]>> = {
  freshness: ['dataset', 'reader'],
  lag: ['source', 'partition', 'dataset'],
  'stalled-partition': ['source', 'partition', 'dataset'],
  'failed-slice': ['dataset', 'slice', 'reader'],
  'zero-rows': ['source', 'window', 'run', 'dataset'],
  'batch-failed': ['source', 'window', 'run', 'dataset'],
  'stuck-run': ['source', 'window', 'run', 'dataset'],
  'breaker-open': ['dependency'],
  accounting: ['dataset', 'slice', 'reader'],
  'quarantine-rate': ['dataset', 'slice', 'reader'],
  gap: ['source', 'partition', 'dataset'],
  'ingress-mismatch': ['source', 'dataset'],
  'log-rule': [],
  alert: ['dependency'],
};
/** Every signal has them. */
export const PLACEHOLDERS_ALWAYS: readonly Placeholder[] = ['target', 'incident'];

const EVIDENCE = [
  'source',
  'dataset',
  'window',
  'run',
  'dependency',
  'partition',
  'partitions',
  'checkpoint',
];

export function bindingsOf(pipeline: Pipeline, signal: Signal, incident: string): Bindings {
  const { evidence, targets } = signal;
  const own = EVIDENCE.flatMap((name) =>
    evidence[name] === undefined ? [] : [[name, String(evidence[name])]],
  );
  const slices = targets.filter((target) => target.includes('@'));
  const bound: Record<string, string> = { ...Object.fromEntries(own), incident, targets: targets.join(',') };
  if (targets[0] !== undefined) bound.target = targets[0];
  if (slices[0] !== undefined) Object.assign(bound, { slice: slices[0], slices: slices.join(',') });
  const dependency = bound.dependency ?? serviceOf(String(evidence.resourceType ?? ''));
  if (dependency !== undefined) bound.dependency = dependency;
  const place = placeOf(targets[0] ?? '');
  const dataset = bound.dataset ?? (place === undefined ? undefined : datasetOf(pipeline, place));
  if (dataset !== undefined) {
    bound.dataset = dataset;
    const [reader, ...more] = readersOf(pipeline, dataset);
    if (reader !== undefined) Object.assign(bound, { reader, readers: [reader, ...more].join(',') });
  }
  return bound;
}

export function signalOfIncident({ cause, kind, severity, title, targets, evidence }: Incident): Signal {
  return { cause, kind, severity, title, targets, evidence };
}

const BRACES = /\{([^{}]*)\}/g;

export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(BRACES)].map(([, name = '']) => name);
}

/** `{source}` → `orders`. Undefined: something in it is not bound. */
export function bindText(text: string, bindings: Bindings): string | undefined {
  if (placeholdersIn(text).some((name) => !Object.hasOwn(bindings, name))) return undefined;
  return text.replaceAll(BRACES, (_, name: string) => bindings[name] ?? '');
}

export type Arguments = Readonly<Record<string, string | number | boolean>>;

/** Names the first placeholder that is not bound instead. */
export function bindArguments(
  given: Arguments,
  bindings: Bindings,
):
  | { readonly kind: 'bound'; readonly values: Arguments }
  | { readonly kind: 'unbound'; readonly name: string } {
  const values: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(given)) {
    const text = typeof value === 'string' ? bindText(value, bindings) : value;
    if (text === undefined) {
      const name = placeholdersIn(String(value)).find((each) => !Object.hasOwn(bindings, each)) ?? '';
      return { kind: 'unbound', name };
    }
    values[key] = text;
  }
  return { kind: 'bound', values };
}
