import type { Execution, Incident } from '@lakewarden/contracts';
import { LABEL_CHARS_MAX, plainText } from '../../shared/plain-text.ts';
import { INCIDENT_LOOKS, SEVERITY_LOOKS } from '../../shared/states.ts';
import { spanText, timeText, whenText } from '../../shared/words.ts';
import { contextValue } from '../manifest/facets.ts';
import type { LakeModel } from '../models/lake-model.ts';
import { incidentCard } from './cards.ts';
import { executionNode, stepNodes } from './runbook-nodes.ts';
import { iconOf, type NodeSource, type TreeNode } from './tree-node.ts';

const TIMELINE_SHOWN_MAX = 30;

/** Incidents that somebody or something has to end come first, then the newest that are over. */
export class IncidentsSource implements NodeSource {
  readonly #lake: LakeModel;
  readonly #nowMs: () => number;

  constructor(lake: LakeModel, nowMs: () => number) {
    this.#lake = lake;
    this.#nowMs = nowMs;
  }

  roots(): readonly TreeNode[] {
    const now = this.#nowMs();
    const { incidents } = this.#lake;
    const over = incidents.filter((incident) => !isActive(incident)).slice(0, 50);
    return [...incidents.filter(isActive), ...over].map((incident) =>
      incidentNode(incident, this.#executionOf(incident), now),
    );
  }

  children(node: TreeNode): readonly TreeNode[] {
    const now = this.#nowMs();
    const { incident: id, execution } = node.subject;
    if (node.id.startsWith('execution:')) {
      const found = this.#lake.executions.find((each) => each.id === execution);
      return found === undefined ? [] : stepNodes(found, now);
    }
    const incident = this.#lake.incidents.find((each) => each.id === id);
    if (incident === undefined) return [];
    const runs = this.#lake.executions.filter((each) => each.incident === id);
    return [
      ...runs.map((each) => executionNode(each, now, `${id}/`)),
      ...incident.timeline
        .slice(-TIMELINE_SHOWN_MAX)
        .toReversed()
        .map((event, index) => timelineNode(incident, event, incident.timeline.length - index, now)),
    ];
  }

  #executionOf({ id, execution }: Incident): Execution | undefined {
    return this.#lake.executions.find((each) => each.id === execution || each.incident === id);
  }
}

export function isActive({ state }: Incident): boolean {
  return state !== 'resolved';
}

/** What the badge counts. */
export function isUnacknowledged(incident: Incident): boolean {
  return isActive(incident) && incident.acknowledgedBy === undefined;
}

export function incidentNode(incident: Incident, execution: Execution | undefined, nowMs: number): TreeNode {
  const { id, title, state, severity, acknowledgedBy } = incident;
  const label = plainText(title, LABEL_CHARS_MAX);
  const isWaiting = execution?.state === 'waiting-approval';
  const description = incidentText(incident, isWaiting, nowMs);
  const mayAcknowledge = isUnacknowledged(incident);
  const acts = [
    ...(isWaiting ? (['approve', 'reject'] as const) : []),
    ...(mayAcknowledge ? (['acknowledge'] as const) : []),
    ...(isActive(incident) ? (['run-runbook'] as const) : []),
  ];
  return {
    id: `incident:${id}`,
    label,
    description,
    icon: iconOf(state === 'open' ? SEVERITY_LOOKS[severity] : INCIDENT_LOOKS[state]),
    context: contextValue('incident', [severity, state], {
      can: acts,
      see: ['showIncident', 'openLineage', 'copyName', 'copyCommand'],
      next: [...acts.slice(0, 1).filter((act) => act !== 'run-runbook'), 'showIncident'],
    }),
    spoken: `${severity} incident, ${label}, ${description}${acknowledgedBy === undefined ? '' : ', looked after'}`,
    open: 'closed',
    subject: {
      incident: id,
      ...(execution !== undefined && { execution: execution.id }),
      ...datasetOf(incident),
    },
    stamp: `${incident.signals} ${incident.timeline.length} ${acknowledgedBy ?? ''}`,
    card: () => incidentCard(incident, nowMs),
  };
}

/** `recovering · runbook stuck-adf-run · 42 s`. */
function incidentText(incident: Incident, isWaiting: boolean, nowMs: number): string {
  const { state, runbook, openedAt, endedAt, acknowledgedBy } = incident;
  const endMs = endedAt === undefined ? nowMs : Date.parse(endedAt);
  return [
    state,
    ...(isWaiting ? ['waits for approval'] : []),
    ...(runbook === undefined ? [] : [`runbook ${plainText(runbook, 40)}`]),
    ...(acknowledgedBy === undefined ? [] : [`looked after by ${plainText(acknowledgedBy, 40)}`]),
    endedAt === undefined ? spanText(endMs - Date.parse(openedAt)) : `ended ${whenText(endedAt, nowMs)}`,
  ].join(' · ');
}

/** What its lineage is opened on. */
function datasetOf({ targets }: Incident): { readonly target?: string } {
  const [target] = targets;
  return target === undefined ? {} : { target };
}

function timelineNode(
  { id }: Incident,
  { at, what }: Incident['timeline'][number],
  index: number,
  nowMs: number,
): TreeNode {
  const label = plainText(what, LABEL_CHARS_MAX);
  const description = plainText(timeText(at, nowMs), 40);
  return {
    id: `event:${id}/${index}`,
    label,
    description,
    icon: { name: 'circle-small' },
    context: contextValue('event', [], {}),
    spoken: `${description}, ${label}`,
    open: 'leaf',
    subject: {},
    stamp: '',
    card: () => '',
  };
}
