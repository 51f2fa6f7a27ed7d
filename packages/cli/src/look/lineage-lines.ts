import type { Blame, Lineage, LineageNode } from '@lakewarden/contracts';
import { accountingText, countText, plural, roughSpanText, timeText } from '../words.ts';
import { field } from './health-lines.ts';
import type { View } from './view.ts';

const KINDS = ['source', 'bronze', 'silver', 'gold', 'consumer'] as const;

/** Left to right as top to bottom: each node with its state, below it where its rows went. */
export function lineageLines({ nodes, edges, truncated }: Lineage): readonly string[] {
  if (nodes.length === 0) return ['nothing there'];
  const order = nodes.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  const width = Math.max(...nodes.map(({ id }) => id.length));
  const lines = order.flatMap((node) => [
    nodeLine(node, width),
    ...edges
      .filter(({ from }) => from === node.id)
      .map(({ to, accounting }) =>
        `  → ${to.padEnd(width)}${accounting === undefined ? '' : `  ${accountingText(accounting)}`}`.trimEnd(),
      ),
  ]);
  return [...lines, ...(truncated ? ['more is there · give a focus or another --depth'] : [])];
}

function nodeLine({ id, state, rows, behindMs, why }: LineageNode, width: number): string {
  const parts = [
    state,
    ...(rows === undefined ? [] : [plural(rows, 'row')]),
    ...(behindMs === undefined ? [] : [`${roughSpanText(behindMs)} behind`]),
    ...(why === '' ? [] : [why]),
  ];
  return `${id.padEnd(width + 4)}  ${parts.join(' · ')}`;
}

const EACH_SHOWN_MAX = 20;

/** From the slice back to offsets, files, runs and commits. */
export function blameLines(blame: Blame, { nowMs }: View): readonly string[] {
  const { commit, accounting } = blame;
  return [
    blame.slice,
    ...field('rows', accounting === undefined ? undefined : accountingText(accounting)),
    ...field('step', stepText(blame)),
    ...field('run', blame.run),
    ...field(
      'commit',
      commit === undefined
        ? undefined
        : `${commit.table} version ${commit.version}${commit.at === undefined ? '' : ` · ${timeText(commit.at, nowMs)}`}${commit.commitId === undefined ? '' : ` · ${commit.commitId}`}`,
    ),
    ...several(
      'reads',
      blame.inputs,
      ({ slice, rows, version }) =>
        `${slice} · ${plural(rows, 'row')}${version === undefined ? '' : ` · version ${version}`}`,
    ),
    ...several(
      'offsets',
      blame.offsets,
      (range) =>
        `${range.source} (${range.generation}) partition ${range.partition}: ${range.first} … ${range.last} · ${plural(range.rows, 'row')} · ${range.file}`,
    ),
    ...several(
      'windows',
      blame.windows,
      ({ source, window, attempt, run, rows }) =>
        `${source} ${window} attempt ${attempt}${run === undefined ? '' : ` · Data Factory run ${run}`} · ${plural(rows, 'row')}`,
    ),
    ...several(
      'files',
      blame.files,
      ({ table, path, rows, bytes }) =>
        `${table} ${path} · ${plural(rows, 'row')} · ${plural(bytes, 'byte')}`,
    ),
    ...several('pins', blame.pins, (pin) => pin),
    ...several(
      'acts',
      blame.acts,
      ({ seq, at, actor, action }) => `${timeText(at, nowMs)} ${actor} ${action} (audit ${seq})`,
    ),
    ...(blame.truncated ? ['  more is there · --json has no more either: ask for a slice further back'] : []),
  ];
}

function stepText({ stepVersion, stepIsCurrent }: Blame): string | undefined {
  if (stepVersion === undefined) return undefined;
  return `${stepVersion}${stepIsCurrent ? '' : ' (an older one than the pipeline has now)'}`;
}

function several<T>(name: string, items: readonly T[], text: (item: T) => string): readonly string[] {
  const shown = items.slice(0, EACH_SHOWN_MAX);
  const lines = shown.flatMap((item, index) => field(index === 0 ? name : '', text(item)));
  const left = items.length - shown.length;
  return left > 0 ? [...lines, ...field('', `and ${countText(left)} more`)] : lines;
}
