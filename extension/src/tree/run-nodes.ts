import type { BackfillHealth, RunHealth } from '@lakewarden/contracts';
import { LABEL_CHARS_MAX, plainText } from '../../shared/plain-text.ts';
import { BACKFILL_LOOKS, RUN_LOOKS } from '../../shared/states.ts';
import { countText, plural, spanText, whenText } from '../../shared/words.ts';
import { contextValue } from '../manifest/facets.ts';
import type { LakeModel } from '../models/lake-model.ts';
import { backfillCard, runCard } from './cards.ts';
import { iconOf, type NodeSource, type TreeNode } from './tree-node.ts';

const RUNS_SHOWN_MAX = 100;
const BACKFILLS_SHOWN_MAX = 50;

/** Backfills with their runs, then the newest runs. */
export class RunsSource implements NodeSource {
  readonly #lake: LakeModel;
  readonly #nowMs: () => number;

  constructor(lake: LakeModel, nowMs: () => number) {
    this.#lake = lake;
    this.#nowMs = nowMs;
  }

  roots(): readonly TreeNode[] {
    const now = this.#nowMs();
    const isActive = ({ state }: BackfillHealth) => state === 'running' || state === 'paused';
    const backfills = this.#lake.backfills.slice(0, BACKFILLS_SHOWN_MAX);
    return [
      ...backfills.filter(isActive).map((backfill) => backfillNode(backfill, now)),
      ...this.#lake.runs.slice(0, RUNS_SHOWN_MAX).map((run) => runNode(run, now, '')),
      ...backfills.filter((backfill) => !isActive(backfill)).map((backfill) => backfillNode(backfill, now)),
    ];
  }

  children(node: TreeNode): readonly TreeNode[] {
    const id = node.subject.backfill;
    const now = this.#nowMs();
    return this.#lake.runs
      .filter(
        ({ backfill }) => backfill !== undefined && backfillTarget(backfill) === backfillTarget(id ?? ''),
      )
      .slice(0, RUNS_SHOWN_MAX)
      .map((run) => runNode(run, now, `${id}/`));
  }
}

/** `backfill:1a2b3c4d`, whether the prefix is there or not. */
export function backfillTarget(id: string): string {
  return id.startsWith('backfill:') ? id : `backfill:${id}`;
}

export function backfillNode(backfill: BackfillHealth, nowMs: number): TreeNode {
  const { id, title, state, total, built } = backfill;
  const label = plainText(title, LABEL_CHARS_MAX);
  const description = backfillText(backfill);
  const isRunning = state === 'running';
  const isActive = isRunning || state === 'paused';
  return {
    id: `backfill:${id}`,
    label,
    description,
    icon: iconOf(BACKFILL_LOOKS[state]),
    context: contextValue('backfill', [state], {
      can: isActive ? [isRunning ? 'pause' : 'resume', 'cancel-run'] : [],
      see: ['showBackfill', 'showPlan', 'copyName', 'copyCommand'],
      next: isActive ? [isRunning ? 'pause' : 'resume', 'cancel-run'] : [],
    }),
    spoken: `${label}, ${state}, ${countText(built)} of ${plural(total, 'slice')} built, ${description}`,
    open: isActive ? 'open' : 'closed',
    subject: {
      target: backfillTarget(id),
      backfill: id,
      run: backfillTarget(id),
      plan: backfill.plan,
      dataset: backfill.dataset,
    },
    stamp: `${backfill.current.join()} ${backfill.failed}`,
    card: () => backfillCard(backfill, nowMs),
  };
}

/** `62 % · 18 of 29 · ~2 min`, and the state where it is not running. */
export function backfillText({ state, total, built, failed, remainingMs }: BackfillHealth): string {
  const percent = total === 0 ? 100 : Math.floor((100 * built) / total);
  return [
    ...(state === 'running' ? [] : [state]),
    ...(state === 'done' ? [] : [`${percent} %`]),
    `${countText(built)} of ${countText(total)}`,
    ...(failed > 0 ? [`${countText(failed)} failed`] : []),
    ...(state === 'running' && remainingMs !== undefined ? [`~${spanText(remainingMs)}`] : []),
  ].join(' · ');
}

export function runNode(run: RunHealth, nowMs: number, below: string): TreeNode {
  const { id, dataset, state, error } = run;
  const slices = run.sliceCount === 1 ? (run.slices[0] ?? '') : `×${countText(run.sliceCount)}`;
  const label = plainText(`run ${id.slice(0, 4)}  ${dataset} ${slices}`, LABEL_CHARS_MAX);
  const description = [
    ...(state === 'committed' ? [] : [state]),
    ...(run.durationMs === undefined ? [] : [spanText(run.durationMs)]),
    ...(error === undefined ? [] : [plainText(error, 120)]),
    plainText(run.engine, 20),
    ...(run.endedAt === undefined ? [] : [whenText(run.endedAt, nowMs)]),
  ].join(' · ');
  return {
    id: `run:${below}${id}`,
    label,
    description,
    icon: iconOf(RUN_LOOKS[state]),
    context: contextValue('run', [state], {
      can: state === 'running' ? ['cancel-run'] : [],
      see: ['showRun', 'openLineage', 'copyName', 'copyCommand'],
      next: state === 'running' ? ['cancel-run'] : [],
    }),
    spoken: `${label}, ${state}, ${description}`,
    open: 'leaf',
    subject: { run: id, dataset },
    stamp: `${run.rows ?? ''}`,
    card: () => runCard(run, nowMs),
    opens: { command: 'lakewarden.showRun', title: 'Show Run', args: [{ run: id, dataset }] },
  };
}
