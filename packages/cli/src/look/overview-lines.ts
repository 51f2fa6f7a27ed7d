import type { LayerHealth, Overview } from '@lakewarden/contracts';
import { HEALTH_STATES } from '@lakewarden/contracts';
import { countText, dueText, plural, roughSpanText, spanText } from '../words.ts';
import type { View } from './view.ts';

/** Health by layer, what stands in the way, and the likely next command (ux.md, `lakewarden status`). */
export function overviewLines(seen: Overview, view: View): readonly string[] {
  return [
    ...(seen.agent.ready ? [] : ['agent    starting · the lake has not been read as a whole yet']),
    ...seen.layers.map((layer) => layerLine(layer, seen)),
    thirdLine(seen, view),
    ...(seen.incidents.title === undefined ? [] : [`incident ${seen.incidents.title}`]),
    seen.next === ''
      ? `→ lakewarden status --watch${view.suffix}${seen.layers.every(isQuiet) ? '    (all is well)' : ''}`
      : `→ lakewarden ${seen.next}${view.suffix}`,
  ];
}

/** The same in one line, for a log. */
export function overviewLine(seen: Overview): string {
  const { layers, incidents, backfills } = seen;
  return [
    ...layers.map((layer) => `${layer.layer} ${stateText(layer)}`),
    lagText(seen),
    `incidents ${incidents.open}`,
    ...(backfills > 0 ? [`backfills ${backfills}`] : []),
  ].join(' · ');
}

function layerLine(layer: LayerHealth, seen: Overview): string {
  const state = stateText(layer);
  const behind = layer.layer === 'bronze' ? lagText(seen) : behindText(layer);
  const health = isQuiet(layer) ? `${state.padEnd(7)} ${behind}` : state;
  // At least two blanks, so that columns stay apart.
  return `${layer.layer.padEnd(8)} ${`${health}  `.padEnd(24)}${layer.why || plural(layer.datasets, 'table')}`;
}

const QUIET: ReadonlySet<string> = new Set(['fresh', 'empty']);

function isQuiet({ state }: LayerHealth): boolean {
  return QUIET.has(state);
}

/** `fresh`, or what is not, of how many: `1 failed, 2 stale of 305`. */
function stateText({ state, counts }: LayerHealth): string {
  if (QUIET.has(state)) return state;
  const ill = HEALTH_STATES.filter((name) => !QUIET.has(name) && (counts[name] ?? 0) > 0);
  const slices = Object.values(counts).reduce((sum, each) => sum + each, 0);
  if (ill.length === 0) return state;
  const first = ill.includes(state) ? [state, ...ill.filter((name) => name !== state)] : ill;
  return `${first.map((name) => `${countText(counts[name] ?? 0)} ${name}`).join(', ')} of ${countText(slices)}`;
}

function behindText({ behindMs }: LayerHealth): string {
  return behindMs === undefined ? '' : `${roughSpanText(behindMs)} behind`;
}

function lagText({ lag }: Overview): string {
  return lag.events === 0 ? 'lag 0' : `lag ${plural(lag.events, 'event')}, ${spanText(lag.seconds * 1_000)}`;
}

function thirdLine({ breakers, incidents, backfills, nextDrainAt }: Overview, { nowMs }: View): string {
  const open = breakers.filter(({ state }) => state !== 'closed');
  const parts = [
    `breakers ${open.length === 0 ? 'all closed' : open.map(({ dependency, state }) => `${dependency} ${state}`).join(', ')}`,
    `incidents ${incidents.open}${incidents.worst === undefined ? '' : ` (${incidents.worst})`}`,
    ...(backfills > 0 ? [`backfills ${backfills}`] : []),
    ...(nextDrainAt === undefined ? [] : [`next drain ${dueText(nextDrainAt, nowMs)}`]),
  ];
  return parts.join('      ');
}
