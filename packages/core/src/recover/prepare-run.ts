import { type Incident, parseTarget, type Signal } from '@lakewarden/contracts';
import type { ActionProblem, RunbookPreparation, RunbookRequest } from '../actions/action-host.ts';
import type { DetectionLimits } from '../observe/detector.ts';
import { isTargetOf } from '../observe/lineage.ts';
import type { Observation } from '../observe/observation.ts';
import { bindingsOf, signalOfIncident } from './bindings.ts';
import { describeSteps } from './describe-steps.ts';
import { startedEffect } from './execution.ts';
import { mayStart } from './guardrails.ts';
import type { LoadedRunbook } from './runbook-file.ts';

/** What a runbook would be that a person starts. Mode, cooldown and hourly limit are for those that start by themselves. */
export function prepareRun(
  o: Observation,
  runbooks: ReadonlyMap<string, LoadedRunbook>,
  request: RunbookRequest,
  limits: DetectionLimits,
): RunbookPreparation {
  const runbook = runbooks.get(request.runbook);
  if (runbook === undefined) {
    return refused('not-found', `there is no runbook ${request.runbook}`, 'see "lakewarden runbook list"');
  }
  const about = findSubject(o, request, runbook);
  if (about.kind === 'refused') return about;
  const { signal, incident } = about;
  const bindings = bindingsOf(o.pipeline, signal, incident?.id ?? '');
  const permission = mayStart(o, { runbook, signal, bindings, isAutomatic: false }, limits);
  if (permission.kind !== 'go') {
    return refused(
      'conflict',
      `${runbook.name} does not run now: ${permission.why}`,
      'try again when that has changed',
    );
  }
  const started = startedEffect({
    id: request.execution,
    runbook,
    mode: 'auto',
    state: 'running',
    signal,
    incident: incident?.id,
    bindings,
  });
  return { kind: 'ready', started, steps: describeSteps(runbook, bindings) };
}

type Subject =
  | { readonly kind: 'subject'; readonly signal: Signal; readonly incident: Incident | undefined }
  | { readonly kind: 'refused'; readonly problem: ActionProblem };

function findSubject(o: Observation, request: RunbookRequest, runbook: LoadedRunbook): Subject {
  const { incident: id, target } = request;
  if (id !== undefined) {
    const incident = o.control.incidents.get(id);
    if (incident === undefined)
      return refused('not-found', `there is no incident ${id}`, 'see "lakewarden incidents"');
    if (incident.state === 'resolved') {
      return refused('expired', `incident ${id} is resolved`, 'name a target instead');
    }
    return { kind: 'subject', signal: signalOfIncident(incident), incident };
  }
  if (target === undefined || !isTargetOf(o.pipeline, target)) {
    const message = 'a runbook runs on an incident or on a target of the pipeline';
    return refused('invalid', message, 'give --incident or --target');
  }
  return { kind: 'subject', signal: signalOfTarget(o, target, runbook), incident: undefined };
}

/** What a detector would say about this target, were something wrong with it. */
function signalOfTarget(o: Observation, target: string, runbook: LoadedRunbook): Signal {
  const parsed = parseTarget(target);
  const source = parsed?.kind === 'source' ? parsed.source : undefined;
  const window = o.windows.find((each) => each.source === source);
  return {
    cause: `manual:${runbook.name}:${target}`,
    kind: runbook.match.kinds[0] ?? 'alert',
    severity: 'info',
    title: `${runbook.name} on ${target}`,
    targets: [target],
    evidence: {
      ...(source !== undefined && { source }),
      ...(window && { window: window.window }),
      ...(window?.runId !== undefined && { run: window.runId }),
    },
  };
}

function refused(
  code: ActionProblem['code'],
  message: string,
  remedy: string,
): { readonly kind: 'refused'; readonly problem: ActionProblem } {
  return { kind: 'refused', problem: { code, message, remedy } };
}
