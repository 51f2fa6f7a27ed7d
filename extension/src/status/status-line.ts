import type { DatasetHealth, LayerHealth } from '@lakewarden/contracts';
import { countText, plural, roughSpanText } from '../../shared/words.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { LakeModel } from '../models/lake-model.ts';
import { isUnacknowledged } from '../tree/incident-nodes.ts';

export interface StatusLine {
  readonly text: string;
  readonly spoken: string;
  /** Plain text. */
  readonly tooltip: string;
  /** An objective is missed, or something critical is open. */
  readonly breach: 'none' | 'late' | 'critical';
}

/** `$(pulse) gold 3 min · 1 incident`; undefined: there is nothing to say, so nothing is shown. */
export function statusLine(
  lake: Pick<LakeModel, 'overview' | 'incidents' | 'datasets'>,
  connection: ConnectionState,
): StatusLine | undefined {
  const { overview } = lake;
  if (overview === undefined) return undefined;
  if (connection.kind !== 'connected') {
    const text = 'the agent is away';
    return {
      text: '$(debug-disconnect) Lakewarden',
      spoken: `Lakewarden, ${text}`,
      tooltip: connection.problem ?? text,
      breach: 'none',
    };
  }
  const gold = overview.layers.find(({ layer }) => layer === 'gold');
  const active = lake.incidents.filter(({ state }) => state !== 'resolved');
  const age = ageText(gold);
  const incidents = active.length === 0 ? [] : [plural(active.length, 'incident')];
  const words = [age, ...incidents].join(' · ');
  const late = [...lake.datasets.values()].filter(isLate);
  const isCritical = active.some(
    (incident) => incident.severity === 'critical' && isUnacknowledged(incident),
  );
  return {
    text: `$(pulse) ${words}`,
    spoken: `Lakewarden: ${words}${late.length > 0 ? `, ${plural(late.length, 'dataset')} past the objective` : ''}`,
    tooltip: [
      `${overview.agent.pipeline} · ${words}`,
      ...(late.length > 0
        ? [
            `past the freshness objective: ${late
              .slice(0, 5)
              .map(({ name }) => name)
              .join(', ')}${late.length > 5 ? ` and ${countText(late.length - 5)} more` : ''}`,
          ]
        : []),
      ...(overview.next === '' ? [] : [`likely next: lakewarden ${overview.next}`]),
      'click for the incidents',
    ].join('\n'),
    breach: isCritical ? 'critical' : late.length > 0 ? 'late' : 'none',
  };
}

function ageText(gold: LayerHealth | undefined): string {
  if (gold === undefined) return 'no gold';
  if (gold.behindMs !== undefined) return `gold ${roughSpanText(gold.behindMs)}`;
  return `gold ${gold.state}`;
}

export function isLate({ state, behindMs, freshnessMs }: DatasetHealth): boolean {
  return state === 'late' || (behindMs !== undefined && freshnessMs !== undefined && behindMs > freshnessMs);
}
