import type { ActionName, DatasetHealth, LayerHealth, SliceHealth } from '@lakewarden/contracts';
import { LABEL_CHARS_MAX, plainText } from '../../shared/plain-text.ts';
import { compareStates, isIll, STATES, STATES_WORST_FIRST } from '../../shared/states.ts';
import {
  accountingAloud,
  behindText,
  countsText,
  countText,
  dueText,
  equationText,
  plural,
  timeText,
} from '../../shared/words.ts';
import { contextValue } from '../manifest/facets.ts';
import { datasetCard, layerCard, sliceCard } from './cards.ts';
import { type Decoration, iconOf, type TreeNode } from './tree-node.ts';

const LAYER_TITLES = { gold: 'Gold', silver: 'Silver', bronze: 'Bronze' } as const;

export function layerNode(layer: LayerHealth, nowMs: number): TreeNode {
  const label = LAYER_TITLES[layer.layer];
  const ill = Object.fromEntries(
    Object.entries(layer.counts).filter(([state]) => state !== 'fresh' && state !== 'empty'),
  );
  const parts = [
    ...(layer.behindMs === undefined ? [] : [behindText(layer.behindMs)]),
    countsText(ill, STATES_WORST_FIRST) || layer.state,
  ];
  const description = parts.filter((part) => part !== '').join(' · ');
  return {
    id: `layer:${layer.layer}`,
    label,
    description,
    icon: iconOf(STATES[layer.state]),
    context: contextValue('layer', [layer.layer, layer.state], { can: ['freeze', 'thaw'] }),
    spoken: `${label} layer, ${layer.state}, ${description}, ${plural(layer.datasets, 'dataset')}`,
    open: 'open',
    subject: { target: layer.layer },
    stamp: `${layer.rows} ${layer.why} ${minute(nowMs, layer.behindMs)}`,
    card: () => layerCard(layer),
    decoration: { kind: layer.layer, name: layer.layer },
  };
}

export function datasetNode(
  dataset: DatasetHealth,
  nowMs: number,
  lag: number | undefined,
  isOpen: boolean,
): TreeNode {
  const { name, layer, state } = dataset;
  const label = plainText(name.slice(name.indexOf('.') + 1), LABEL_CHARS_MAX);
  const description = datasetDescription(dataset, nowMs, lag);
  return {
    id: `dataset:${name}`,
    label,
    description,
    icon: iconOf(STATES[state]),
    context: contextValue('dataset', [layer, state], {
      can: [
        dataset.paused === undefined ? 'pause' : 'resume',
        'retry',
        'replay',
        'backfill',
        dataset.frozen === undefined ? 'freeze' : 'thaw',
      ],
      see: [
        'openLineage',
        'openHealth',
        'showRows',
        ...(layer === 'silver' ? (['showQuarantine', 'showDuplicates'] as const) : []),
        'copyName',
        'copyCommand',
      ],
      next: [...nextOfDataset(dataset), 'openLineage'],
    }),
    spoken: `${label}, ${layer} dataset, ${description}${spokenRows(dataset)}`,
    open: dataset.slices === 0 ? 'leaf' : isOpen ? 'open' : 'closed',
    subject: { target: name, dataset: name },
    stamp: `${dataset.version ?? ''} ${dataset.updatedAt ?? ''} ${dataset.rows} ${dataset.why}`,
    card: () => datasetCard(dataset, undefined, nowMs),
    ...(decorationOf(dataset) ?? {}),
  };
}

/** The likely next act, if there is one. */
function nextOfDataset({ state, paused, frozen }: DatasetHealth): readonly ActionName[] {
  if (frozen !== undefined) return ['thaw'];
  if (paused !== undefined) return ['resume'];
  if (state === 'failed') return ['retry'];
  return state === 'building' ? ['pause'] : [];
}

/** Failed ones by their number; the others by what one wants to know of them. */
function datasetDescription(dataset: DatasetHealth, nowMs: number, lag: number | undefined): string {
  const { state, why, slices, counts, rows, quarantined, updatedAt, layer } = dataset;
  const quarantine = quarantined > 0 ? [`quarantine ${countText(quarantined)}`] : [];
  const count = counts[state] ?? 0;
  if (state === 'failed' && count > 0)
    return [`failed ${countText(count)} of ${countText(slices)}`, ...quarantine].join(' · ');
  if (state !== 'fresh') {
    const some =
      count > 0 && count < slices ? [`${state} ${countText(count)} of ${countText(slices)}`] : [state];
    return [...some, ...(why === '' ? [] : [plainText(why, 120)]), ...quarantine].join(' · ');
  }
  if (layer === 'bronze')
    return [`${plural(rows, 'row')}`, ...(lag === undefined ? [] : [`lag ${countText(lag)}`])].join(' · ');
  const built =
    updatedAt === undefined ? [] : [timeText(updatedAt, nowMs).replace(/(\d\d:\d\d):\d\d$/, '$1')];
  return ['fresh', plural(rows, 'row'), ...built, ...quarantine].join(' · ');
}

function spokenRows({ accounting }: DatasetHealth): string {
  return accounting === undefined ? '' : `, ${accountingAloud(accounting)}`;
}

function decorationOf({
  name,
  state,
  behindMs,
  freshnessMs,
}: DatasetHealth): { readonly decoration: Decoration } | undefined {
  const isLate =
    state === 'late' || (behindMs !== undefined && freshnessMs !== undefined && behindMs > freshnessMs);
  const kind = state === 'failed' ? 'failed' : isLate ? 'late' : state === 'stale' ? 'stale' : undefined;
  return kind === undefined ? undefined : { decoration: { kind, name } };
}

export function sliceNode(slice: SliceHealth, nowMs: number): TreeNode {
  const { id, key, state, pin } = slice;
  const label = plainText(key, LABEL_CHARS_MAX);
  const description = sliceDescription(slice, nowMs);
  const next = pin !== undefined ? ('release' as const) : state === 'failed' ? ('retry' as const) : undefined;
  return {
    id: `slice:${id}`,
    label,
    description,
    icon: iconOf(STATES[state]),
    context: contextValue('slice', [id.slice(0, id.indexOf('.')), state], {
      can: [
        ...(state === 'failed' ? (['retry'] as const) : []),
        'replay',
        ...(pin === undefined ? (['hold', 'waive'] as const) : (['release'] as const)),
      ],
      see: ['showBlame', 'showRows', 'openLineage', ...quarantineOf(slice), 'copyName', 'copyCommand'],
      next: [
        ...(next === undefined ? [] : [next]),
        ...(state === 'failed' ? (['openLineage'] as const) : []),
      ],
    }),
    spoken: `slice ${label}, ${description}`,
    open: 'leaf',
    subject: { target: id, dataset: slice.dataset, slice: key },
    stamp: `${slice.fingerprint ?? ''} ${slice.updatedAt ?? ''} ${slice.run ?? ''}`,
    card: () => sliceCard(slice, nowMs),
  };
}

function quarantineOf({ dataset }: SliceHealth) {
  return dataset.startsWith('silver.') ? (['showQuarantine'] as const) : [];
}

function sliceDescription(slice: SliceHealth, nowMs: number): string {
  const { state, why, accounting, rows, nextAttemptAt, pin } = slice;
  const waits = nextAttemptAt === undefined ? [] : [`retry ${dueText(nextAttemptAt, nowMs)}`];
  const pinned = pin === undefined ? [] : [`${pin.by} ${pin.as}: ${plainText(pin.reason, 120)}`];
  if (state !== 'fresh' && state !== 'empty')
    return [state, ...(why === '' ? [] : [plainText(why, 160)]), ...waits, ...pinned].join(' · ');
  const went = accounting === undefined ? plural(rows, 'row') : equationText(accounting);
  return [state, ...(state === 'empty' ? [] : [went]), ...pinned].join(' · ');
}

/** Slices of one month, folded. The worst state is that of the month. */
export function monthNode(dataset: string, month: string, slices: readonly SliceHealth[]): TreeNode {
  const counts: Record<string, number> = {};
  for (const { state } of slices) counts[state] = (counts[state] ?? 0) + 1;
  const worst = slices.map(({ state }) => state).sort(compareStates)[0] ?? 'empty';
  const description = countsText(counts, STATES_WORST_FIRST);
  return {
    id: `month:${dataset}@${month}`,
    label: month,
    description,
    icon: iconOf(STATES[worst]),
    context: contextValue('month', [worst], { can: ['backfill'] }),
    spoken: `${month}, ${plural(slices.length, 'slice')}, ${description}`,
    open: isIll(worst) ? 'open' : 'closed',
    subject: { dataset, target: dataset, ...rangeOf(slices) },
    stamp: '',
    card: () => `**${month}** · ${plural(slices.length, 'slice')}`,
  };
}

/** Newest first. */
function rangeOf(slices: readonly SliceHealth[]) {
  const from = slices.at(-1)?.key;
  const to = slices[0]?.key;
  return from === undefined || to === undefined ? {} : { from, to };
}

export function moreNode(below: string, text: string): TreeNode {
  return {
    id: `more:${below}`,
    label: text,
    description: '',
    icon: { name: 'ellipsis' },
    context: contextValue('more', [], {}),
    spoken: text,
    open: 'leaf',
    subject: {},
    stamp: '',
    card: () => text,
    opens: { command: 'lakewarden.showMore', title: text, args: [{ focus: below }] },
  };
}

/** What cannot be shown, in the place where it would stand. */
export function noteNode(below: string, text: string): TreeNode {
  return {
    id: `note:${below}`,
    label: plainText(text, 160),
    description: '',
    icon: { name: 'warning', color: 'list.warningForeground' },
    context: contextValue('note', [], {}),
    spoken: plainText(text),
    open: 'leaf',
    subject: {},
    stamp: '',
    card: () => '',
  };
}

/** The card is made new each minute, as it tells how long something is. */
function minute(nowMs: number, behindMs: number | undefined): string {
  return behindMs === undefined ? '' : String(Math.floor(nowMs / 60_000));
}
