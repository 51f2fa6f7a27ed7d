import type { BreakerHealth, SourceLag } from '@lakewarden/contracts';
import { LABEL_CHARS_MAX, plainText } from '../../shared/plain-text.ts';
import { STATES } from '../../shared/states.ts';
import { countText, plural, roughSpanText, spanText, whenText } from '../../shared/words.ts';
import { contextValue } from '../manifest/facets.ts';
import type { LakeModel } from '../models/lake-model.ts';
import { breakerCard, sourceCard } from './cards.ts';
import { escaped, facts } from './markdown.ts';
import { iconOf, type NodeSource, type TreeNode } from './tree-node.ts';

/** Dependencies that are down, then hubs with their partitions and batch sources with their windows. */
export class SourcesSource implements NodeSource {
  readonly #lake: LakeModel;
  readonly #nowMs: () => number;

  constructor(lake: LakeModel, nowMs: () => number) {
    this.#lake = lake;
    this.#nowMs = nowMs;
  }

  roots(): readonly TreeNode[] {
    const now = this.#nowMs();
    const down = [...this.#lake.breakers.values()].filter(({ state }) => state !== 'closed');
    return [
      ...down.map((breaker) => breakerNode(breaker, now)),
      ...[...this.#lake.sources.values()].map((source) => sourceNode(source, now)),
    ];
  }

  children(node: TreeNode): readonly TreeNode[] {
    const source = this.#lake.sources.get(node.subject.source ?? '');
    return source === undefined ? [] : source.partitions.map((partition) => partitionNode(source, partition));
  }
}

export function sourceNode(source: SourceLag, nowMs: number): TreeNode {
  const { source: name, kind, state, paused, window } = source;
  const label = plainText(`${kind === 'event-hub' ? 'hub' : 'adf'} ${name}`, LABEL_CHARS_MAX);
  const description = sourceText(source, nowMs);
  const mayRerun = window !== undefined && (window.state === 'failed' || window.state === 'stuck');
  const pause = paused === undefined ? ('pause' as const) : ('resume' as const);
  return {
    id: `source:${name}`,
    label,
    description,
    icon: iconOf(STATES[state]),
    context: contextValue('source', [kind, state], {
      can: [pause, 'retry', ...(window === undefined ? [] : (['rerun-adf'] as const))],
      see: ['openLineage', 'copyName', 'copyCommand'],
      next: [
        ...(mayRerun ? (['rerun-adf'] as const) : state === 'failed' ? (['retry'] as const) : []),
        ...(paused === undefined && !mayRerun && state !== 'building' ? [] : [pause]),
      ],
    }),
    spoken: `${kind === 'event-hub' ? 'event hub' : 'data factory source'} ${plainText(name)}, ${state}, ${description}`,
    open: source.partitions.length > 0 ? 'closed' : 'leaf',
    subject: {
      target: `source:${name}`,
      source: name,
      ...(window !== undefined && { window: window.key }),
      ...(window?.run !== undefined && { run: window.run }),
    },
    stamp: `${window?.run ?? ''} ${source.why}`,
    card: () => sourceCard(source, nowMs),
  };
}

/** `lag 312 events · 4 partitions`; `window 2011-12-10 · landed 3 h ago`. */
export function sourceText(source: SourceLag, nowMs: number): string {
  const { kind, events, seconds, partitions, window, paused, why, state } = source;
  const stopped = paused === undefined ? [] : [`paused: ${plainText(paused.reason, 80)}`];
  const ill = state === 'fresh' || why === '' || paused !== undefined ? [] : [plainText(why, 120)];
  if (kind === 'event-hub') {
    const lag = events === 0 ? 'lag 0' : `lag ${plural(events, 'event')} · ${spanText(seconds * 1_000)}`;
    return [lag, plural(partitions.length, 'partition'), ...stopped, ...ill].join(' · ');
  }
  if (window === undefined) return ['no window yet', ...stopped, ...ill].join(' · ');
  const since = window.since === undefined ? '' : ` ${whenText(window.since, nowMs)}`;
  const rows = window.rows === undefined ? [] : [plural(window.rows, 'row')];
  return [`window ${plainText(window.key, 20)}`, `${window.state}${since}`, ...rows, ...stopped, ...ill].join(
    ' · ',
  );
}

const PARTITION_ICONS: Readonly<Record<SourceLag['partitions'][number]['state'], TreeNode['icon']>> = {
  ok: { name: 'pass', color: 'testing.iconPassed' },
  behind: { name: 'history', color: 'charts.yellow' },
  stalled: { name: 'watch', color: 'charts.orange' },
  lost: { name: 'error', color: 'list.errorForeground' },
};

function partitionNode(source: SourceLag, partition: SourceLag['partitions'][number]): TreeNode {
  const { partition: number, events, seconds, state } = partition;
  const lag = events === 0 ? 'lag 0' : `lag ${plural(events, 'event')} · ${roughSpanText(seconds * 1_000)}`;
  const description = [lag, ...(state === 'ok' || state === 'behind' ? [] : [state])].join(' · ');
  const label = `partition ${number}`;
  return {
    id: `partition:${source.source}/${number}`,
    label,
    description,
    icon: PARTITION_ICONS[state],
    context: contextValue('partition', [state], { see: ['copyName'] }),
    spoken: `${label}, ${description}, ${state}`,
    open: 'leaf',
    subject: { source: source.source },
    stamp: `${partition.checkpoint ?? ''} ${partition.last ?? ''}`,
    card: () =>
      [
        `**${label}** · ${state}`,
        facts(
          { name: 'checkpoint', text: escaped(partition.checkpoint ?? 'none') },
          { name: 'last', text: escaped(partition.last ?? 'none') },
          { name: 'first', text: escaped(partition.first ?? 'none') },
        ),
      ].join('\n\n'),
  };
}

export function breakerNode(breaker: BreakerHealth, nowMs: number): TreeNode {
  const { dependency, state } = breaker;
  const label = plainText(`breaker ${dependency}`, LABEL_CHARS_MAX);
  const description = [
    state,
    `since ${whenText(breaker.since, nowMs)}`,
    ...(breaker.parkedCalls > 0 ? [`${plural(breaker.parkedCalls, 'call')} wait`] : []),
    ...(breaker.nextProbeAt === undefined ? [] : [`probe ${whenText(breaker.nextProbeAt, nowMs)}`]),
  ].join(' · ');
  return {
    id: `breaker:${dependency}`,
    label,
    description,
    icon: { name: 'plug', color: state === 'open' ? 'list.errorForeground' : 'charts.yellow' },
    context: contextValue('breaker', [state], { can: ['reset-breaker'], next: ['reset-breaker'] }),
    spoken: `${label}, ${description}, ${countText(breaker.failures)} failures`,
    open: 'leaf',
    subject: { dependency },
    stamp: `${breaker.failures} ${breaker.lastError ?? ''}`,
    card: () => breakerCard(breaker, nowMs),
  };
}
