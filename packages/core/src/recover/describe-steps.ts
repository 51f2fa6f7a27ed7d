import type { Runbook, RunbookStep } from '@lakewarden/contracts';
import { type Bindings, bindArguments } from './bindings.ts';

/** What each step will do, a line each, as far as it is known before: `retry: retry target=silver.orders`. */
export function describeSteps({ steps }: Runbook, bindings: Bindings): readonly string[] {
  return steps.map((step) => describeStep(step, bindings));
}

function describeStep(step: RunbookStep, bindings: Bindings): string {
  const bound = bindArguments(
    step.with,
    step.forEach === undefined ? bindings : { ...bindings, ...each(step, bindings) },
  );
  const given = bound.kind === 'bound' ? bound.values : step.with;
  const parts = Object.entries(given).map(([key, value]) => ` ${key}=${String(value)}`);
  const when = step.when.map(({ check, not }) => `${not ? 'not ' : ''}${check}`);
  return `${step.id}: ${step.action}${parts.join('')}${when.length === 0 ? '' : ` (when ${when.join(', ')})`}`;
}

function each({ forEach }: RunbookStep, bindings: Bindings): Record<string, string> {
  const items = bindings[forEach ?? ''] ?? '';
  return forEach === 'slices' ? { slice: items } : { reader: items };
}
