import type {
  BackfillHealth,
  HealthState,
  IncidentState,
  Lineage,
  RunHealth,
  Severity,
} from '@lakewarden/contracts';

/**
 * How a state is shown, in tree, tooltips and pages alike: one word, one icon, one colour, and never the colour alone.
 * `icon` is the name of a codicon; `color` is the id of a theme colour (`new ThemeColor(color)` in the host,
 * `var(--vscode-…)` in a page, with a fallback in `webview/parts/tokens.css`).
 */
export interface Look {
  readonly word: string;
  readonly icon: Icon;
  readonly color: ColorToken;
  readonly meaning: string;
}

export type Icon =
  | 'pass'
  | 'sync~spin'
  | 'history'
  | 'watch'
  | 'error'
  | 'pin'
  | 'lock'
  | 'debug-pause'
  | 'circle-outline'
  | 'circle-slash'
  | 'warning'
  | 'info';

export type ColorToken =
  | 'testing.iconPassed'
  | 'charts.blue'
  | 'charts.yellow'
  | 'charts.orange'
  | 'list.errorForeground'
  | 'descriptionForeground';

/** From what needs somebody most to what needs nobody: the agent's order. Told where only one state can be. */
export const STATES_WORST_FIRST = [
  'failed',
  'late',
  'parked',
  'frozen',
  'paused',
  'building',
  'stale',
  'held',
  'fresh',
  'empty',
] as const satisfies readonly HealthState[];

export const STATES: Readonly<Record<HealthState, Look>> = {
  fresh: look('fresh', 'pass', 'testing.iconPassed', 'built from what is wanted, or not yet due'),
  building: look('building', 'sync~spin', 'charts.blue', 'a run is on it'),
  stale: look('stale', 'history', 'charts.yellow', 'inputs or step changed; queued'),
  late: look('late', 'watch', 'charts.orange', 'past its freshness objective'),
  failed: look('failed', 'error', 'list.errorForeground', 'the last run failed'),
  held: look('held', 'pin', 'descriptionForeground', 'a person or a runbook keeps it as it is'),
  frozen: look('frozen', 'lock', 'descriptionForeground', 'a person or a runbook stopped promotion'),
  paused: look('paused', 'debug-pause', 'descriptionForeground', 'a person stopped work on it'),
  parked: look('parked', 'debug-pause', 'descriptionForeground', 'waits for a dependency that is down'),
  empty: look(
    'empty',
    'circle-outline',
    'descriptionForeground',
    'nothing arrived, and nothing was expected',
  ),
};

export const RUN_LOOKS: Readonly<Record<RunHealth['state'], Look>> = {
  running: look('running', 'sync~spin', 'charts.blue', 'at work'),
  committed: look('committed', 'pass', 'testing.iconPassed', 'its rows are in the lake'),
  conflict: look('conflict', 'history', 'charts.yellow', 'the world moved first; it is built again'),
  failed: look('failed', 'error', 'list.errorForeground', 'nothing of it was committed'),
  cancelled: look('cancelled', 'circle-slash', 'descriptionForeground', 'stopped by a person'),
  parked: look('parked', 'debug-pause', 'descriptionForeground', 'waits for a dependency that is down'),
};

export const BACKFILL_LOOKS: Readonly<Record<BackfillHealth['state'], Look>> = {
  running: look('running', 'sync~spin', 'charts.blue', 'builds its slices below live work'),
  paused: look('paused', 'debug-pause', 'descriptionForeground', 'stopped by a person; can be resumed'),
  done: look('done', 'pass', 'testing.iconPassed', 'every slice is built'),
  cancelled: look('cancelled', 'circle-slash', 'descriptionForeground', 'ended by a person'),
  failed: look('failed', 'error', 'list.errorForeground', 'slices of it failed'),
};

export const INCIDENT_LOOKS: Readonly<Record<IncidentState, Look>> = {
  open: look('open', 'error', 'list.errorForeground', 'nobody works on it yet'),
  recovering: look('recovering', 'sync~spin', 'charts.blue', 'a runbook works on it'),
  verifying: look('verifying', 'sync~spin', 'charts.blue', 'done; what it did is being checked'),
  resolved: look('resolved', 'pass', 'testing.iconPassed', 'its cause is gone'),
  escalated: look('escalated', 'warning', 'charts.orange', 'needs a person'),
};

export const SEVERITY_LOOKS: Readonly<Record<Severity, Look>> = {
  critical: look('critical', 'error', 'list.errorForeground', 'data is wrong or lost without help'),
  error: look('error', 'error', 'list.errorForeground', 'something stands still'),
  warning: look('warning', 'warning', 'charts.orange', 'something is late or odd'),
  info: look('info', 'info', 'charts.blue', 'good to know'),
};

export type NodeKind = Lineage['nodes'][number]['kind'];

/** Columns of a lineage, from left to right. */
export const NODE_KINDS = [
  'source',
  'bronze',
  'silver',
  'gold',
  'consumer',
] as const satisfies readonly NodeKind[];

export const KIND_TITLES: Readonly<Record<NodeKind, string>> = {
  source: 'Sources',
  bronze: 'Bronze',
  silver: 'Silver',
  gold: 'Gold',
  consumer: 'Consumers',
};

const RANKS = Object.fromEntries(STATES_WORST_FIRST.map((state, rank) => [state, rank])) as Readonly<
  Record<HealthState, number>
>;

/** For sorting: negative when `a` is worse than `b`. */
export function compareStates(a: HealthState, b: HealthState): number {
  return RANKS[a] - RANKS[b];
}

/** Where somebody has to look: it will not become fresh by waiting a little. */
export function isIll(state: HealthState): boolean {
  return state === 'failed' || state === 'late' || state === 'parked';
}

/** `testing.iconPassed` → `--vscode-testing-iconPassed`, as VS Code names it in a page. */
export function cssVariable(color: ColorToken): string {
  return `--vscode-${color.replaceAll('.', '-')}`;
}

function look(word: string, icon: Icon, color: ColorToken, meaning: string): Look {
  return { word, icon, color, meaning };
}
