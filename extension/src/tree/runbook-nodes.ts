import type { Execution, RunbookStatus } from '@lakewarden/contracts';
import { LABEL_CHARS_MAX, plainText } from '../../shared/plain-text.ts';
import { countText, spanText, whenText } from '../../shared/words.ts';
import { contextValue } from '../manifest/facets.ts';
import type { LakeModel } from '../models/lake-model.ts';
import { executionCard, runbookCard } from './cards.ts';
import { noteNode } from './layer-nodes.ts';
import type { NodeSource, TreeNode } from './tree-node.ts';

const EXECUTIONS_SHOWN_MAX = 20;

/** Runbooks, their executions, and the steps of those. */
export class RunbooksSource implements NodeSource {
  readonly #lake: LakeModel;
  readonly #nowMs: () => number;

  constructor(lake: LakeModel, nowMs: () => number) {
    this.#lake = lake;
    this.#nowMs = nowMs;
  }

  roots(): readonly TreeNode[] {
    const now = this.#nowMs();
    return [
      ...this.#lake.runbooks.map((runbook) => runbookNode(runbook, now)),
      ...this.#lake.runbookProblems.map((problem, index) => noteNode(`runbook ${index}`, problem)),
    ];
  }

  children(node: TreeNode): readonly TreeNode[] {
    const now = this.#nowMs();
    const { runbook, execution } = node.subject;
    if (node.id.startsWith('execution:')) {
      const found = this.#lake.executions.find(({ id }) => id === execution);
      return found === undefined ? [] : stepNodes(found, now);
    }
    return this.#lake.executions
      .filter((each) => each.runbook === runbook)
      .slice(0, EXECUTIONS_SHOWN_MAX)
      .map((each) => executionNode(each, now, `${runbook}/`));
  }
}

export function runbookNode(runbook: RunbookStatus, nowMs: number): TreeNode {
  const { name, mode, executions, verified, waiting, last } = runbook;
  const label = plainText(name, LABEL_CHARS_MAX);
  const description = [
    mode,
    executions === 0 ? 'never needed' : `${countText(verified)} of ${countText(executions)} verified`,
    ...(waiting.length > 0 ? [`${waiting.length} waiting for approval`] : []),
    ...(last?.endedAt === undefined ? [] : [whenText(last.endedAt, nowMs)]),
  ].join(' · ');
  const [execution] = waiting;
  return {
    id: `runbook:${name}`,
    label,
    description,
    icon:
      execution !== undefined
        ? { name: 'bell-dot', color: 'charts.yellow' }
        : { name: 'book', color: 'descriptionForeground' },
    context: contextValue('runbook', [mode], {
      can: ['run-runbook', ...(execution === undefined ? [] : (['approve', 'reject'] as const))],
      see: ['showRunbook', 'copyName', 'copyCommand'],
      next: execution === undefined ? ['run-runbook'] : ['approve', 'reject'],
    }),
    spoken: `runbook ${label}, ${description}`,
    open: executions > 0 ? 'closed' : 'leaf',
    subject: { runbook: name, ...(execution !== undefined && { execution }) },
    stamp: `${runbook.version} ${last?.state ?? ''}`,
    card: () => runbookCard(runbook),
  };
}

const EXECUTION_ICONS: Readonly<Record<Execution['state'], NonNullable<TreeNode['icon']>>> = {
  'waiting-approval': { name: 'bell-dot', color: 'charts.yellow' },
  running: { name: 'sync~spin', color: 'charts.blue' },
  verifying: { name: 'sync~spin', color: 'charts.blue' },
  succeeded: { name: 'pass', color: 'testing.iconPassed' },
  'rolled-back': { name: 'discard', color: 'charts.orange' },
  escalated: { name: 'warning', color: 'charts.orange' },
  rejected: { name: 'circle-slash', color: 'descriptionForeground' },
  shadowed: { name: 'eye', color: 'descriptionForeground' },
};

export function executionNode(execution: Execution, nowMs: number, below: string): TreeNode {
  const { id, runbook, state, startedAt, endedAt, note } = execution;
  const isWaiting = state === 'waiting-approval';
  const label = plainText(`${runbook} · ${id}`, LABEL_CHARS_MAX);
  const took = endedAt === undefined ? [] : [spanText(Date.parse(endedAt) - Date.parse(startedAt))];
  const description = [
    isWaiting ? 'waits for approval' : state,
    ...took,
    whenText(startedAt, nowMs),
    ...(note === undefined ? [] : [plainText(note, 120)]),
  ].join(' · ');
  return {
    id: `execution:${below}${id}`,
    label,
    description,
    icon: EXECUTION_ICONS[state],
    context: contextValue('execution', [state], {
      can: isWaiting ? ['approve', 'reject'] : [],
      see: ['copyName'],
      next: isWaiting ? ['approve', 'reject'] : [],
    }),
    spoken: `execution of ${label}, ${description}`,
    open: 'closed',
    subject: { execution: id, runbook },
    stamp: execution.steps.map((step) => step.state).join(),
    card: () => executionCard(execution, nowMs),
  };
}

const STEP_ICONS: Readonly<Record<Execution['steps'][number]['state'], NonNullable<TreeNode['icon']>>> = {
  pending: { name: 'circle-outline', color: 'descriptionForeground' },
  running: { name: 'sync~spin', color: 'charts.blue' },
  done: { name: 'pass', color: 'testing.iconPassed' },
  skipped: { name: 'debug-step-over', color: 'descriptionForeground' },
  failed: { name: 'error', color: 'list.errorForeground' },
  undone: { name: 'discard', color: 'charts.orange' },
};

export function stepNodes({ id, steps }: Execution, nowMs: number): readonly TreeNode[] {
  return steps.map((step, index) => {
    const label = plainText(step.id, LABEL_CHARS_MAX);
    const description = [
      step.state,
      plainText(step.action, 40),
      ...(step.at === undefined ? [] : [whenText(step.at, nowMs)]),
      ...(step.note === undefined ? [] : [plainText(step.note, 120)]),
    ].join(' · ');
    return {
      id: `step:${id}/${index}`,
      label,
      description,
      icon: STEP_ICONS[step.state],
      context: contextValue('step', [step.state], {}),
      spoken: `step ${label}, ${description}`,
      open: 'leaf',
      subject: {},
      stamp: '',
      card: () => '',
    };
  });
}
