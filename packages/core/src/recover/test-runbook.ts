import type { Pipeline } from '@lakewarden/compute';
import { type Alert, parseAlert, type Runbook, type Signal, signalSchema } from '@lakewarden/contracts';
import { alertCause } from '../observe/detect/alert.ts';
import { mapAlert, type ResourceTargets } from '../observe/map-alert.ts';
import { bindingsOf } from './bindings.ts';
import { describeSteps } from './describe-steps.ts';
import { matches } from './match.ts';

/** What a runbook decides about one fixture, without doing anything. */
export interface RunbookTestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly matches: boolean;
  /** What each step would do, as far as it is known before. Empty when it does not match. */
  readonly steps: readonly string[];
  /** Why it did not pass; empty when it did. */
  readonly problem: string;
}

export interface RunbookTestWorld {
  readonly pipeline: Pipeline;
  readonly resources?: ResourceTargets;
}

/** `fixtures`: by file name, the parsed JSON of a signal or of an alert of Azure Monitor. */
export function testRunbook(
  runbook: Runbook,
  fixtures: ReadonlyMap<string, unknown>,
  world: RunbookTestWorld,
): readonly RunbookTestResult[] {
  return runbook.tests.map((test): RunbookTestResult => {
    const signal = fixtures.has(test.fixture)
      ? signalIn(fixtures.get(test.fixture), world)
      : 'there is no such file';
    if (typeof signal === 'string') {
      const problem = `${test.fixture}: ${signal}`;
      return { name: test.name, passed: false, matches: false, steps: [], problem };
    }
    const isMatch = matches(runbook, signal);
    const steps = isMatch ? describeSteps(runbook, bindingsOf(world.pipeline, signal, 'inc-test')) : [];
    const problem = compare(test.expect, isMatch, isMatch ? runbook.steps.map(({ id }) => id) : []);
    return { name: test.name, passed: problem === '', matches: isMatch, steps, problem };
  });
}

function compare(
  expected: Runbook['tests'][number]['expect'],
  isMatch: boolean,
  steps: readonly string[],
): string {
  if (expected.matches !== isMatch) return isMatch ? 'it matches' : 'it does not match';
  if (expected.steps === undefined || expected.steps.join() === steps.join()) return '';
  return `its steps are ${steps.join(', ')}, not ${expected.steps.join(', ')}`;
}

/** A signal, or words for why the fixture holds none. */
function signalIn(fixture: unknown, world: RunbookTestWorld): Signal | string {
  const signal = signalSchema.safeParse(fixture);
  if (signal.success) return signal.data;
  const parsed = parseAlert(fixture);
  if (parsed.kind === 'refused') return `neither a signal nor an alert: ${parsed.reason}`;
  return signalOfAlert(parsed.alert, world);
}

/** As the alert would reach the detectors, once its resource is mapped; one that is foreign here is about everything. */
function signalOfAlert(alert: Alert, { pipeline, resources = {} }: RunbookTestWorld): Signal {
  const mapped = mapAlert(alert, resources, pipeline, { subscriptionId: '', storageAccount: '' });
  const resourceId = alert.resourceIds[0] ?? '';
  return {
    cause: alertCause(alert.rule, resourceId),
    kind: 'alert',
    severity: alert.severity,
    title: `Azure Monitor: ${alert.rule}`,
    targets: mapped.kind === 'mapped' ? [...mapped.targets] : ['all'],
    evidence: { rule: alert.rule, resourceId, resourceType: alert.resourceType },
  };
}
