import type { ActionName, QueryName } from '@lakewarden/contracts';

/**
 * Every command of the extension stands in one of these two tables; `package.json` is written from them (manifest.ts).
 * Types only are imported, so that `activate` can read them without loading the contract.
 */
export interface ActionCommand {
  readonly title: string;
  readonly icon?: string;
  /** Destructive ones come last in a menu. */
  readonly group: '1_act' | '9_danger';
  /** False: nothing in a tree offers it. */
  readonly onNodes: boolean;
}

/** By the name of the action: `lakewarden.<action>`. */
export const ACTION_COMMANDS: { readonly [Name in ActionName]: ActionCommand } = {
  pause: { title: 'Pause…', icon: 'debug-pause', group: '1_act', onNodes: true },
  resume: { title: 'Resume', icon: 'debug-continue', group: '1_act', onNodes: true },
  retry: { title: 'Retry Now', icon: 'debug-restart', group: '1_act', onNodes: true },
  replay: { title: 'Plan a Replay…', icon: 'history', group: '1_act', onNodes: true },
  backfill: { title: 'Plan a Backfill…', icon: 'calendar', group: '1_act', onNodes: true },
  apply: { title: 'Apply a Plan…', icon: 'play', group: '1_act', onNodes: false },
  waive: { title: 'Waive…', icon: 'circle-slash', group: '9_danger', onNodes: true },
  hold: { title: 'Hold as It Is…', icon: 'pin', group: '1_act', onNodes: true },
  release: { title: 'Release', icon: 'pinned', group: '1_act', onNodes: true },
  freeze: { title: 'Freeze…', icon: 'lock', group: '9_danger', onNodes: true },
  thaw: { title: 'Thaw', icon: 'unlock', group: '1_act', onNodes: true },
  'reset-breaker': { title: 'Reset Breaker', icon: 'debug-restart', group: '1_act', onNodes: true },
  'rerun-adf': { title: 'Copy the Window Again…', icon: 'refresh', group: '9_danger', onNodes: true },
  'cancel-run': { title: 'Cancel…', icon: 'debug-stop', group: '9_danger', onNodes: true },
  acknowledge: { title: 'Acknowledge', icon: 'eye', group: '1_act', onNodes: true },
  approve: { title: 'Approve…', icon: 'check', group: '1_act', onNodes: true },
  reject: { title: 'Reject…', icon: 'close', group: '1_act', onNodes: true },
  'run-runbook': { title: 'Run Runbook…', icon: 'run', group: '1_act', onNodes: true },
};

export type ViewName = 'layers' | 'runs' | 'incidents' | 'sources' | 'runbooks';
export const VIEW_NAMES = [
  'layers',
  'runs',
  'incidents',
  'sources',
  'runbooks',
] as const satisfies ViewName[];

export interface ViewCommand {
  readonly title: string;
  readonly icon?: string;
  /** Where it stands in the menu of a node; absent: nowhere. */
  readonly group?: '2_inspect' | '3_copy';
  /** `always`; `connected`: while there is an agent; `never`: it needs a node. */
  readonly palette: 'always' | 'connected' | 'never';
  /** Views that have it in their title bar: `navigation` as a button, `more` behind the dots. */
  readonly titleBar?: {
    readonly of: readonly ViewName[];
    readonly place: 'navigation' | 'more';
    /** Shown only where this holds. */
    readonly when?: string;
  };
  /** Queries of the contract that it asks. */
  readonly queries?: readonly QueryName[];
}

const ALL_VIEWS = { of: VIEW_NAMES, place: 'more' } as const;
const FILTERED = "lakewarden.filter == 'failed'";

/** Looking, opening, copying, connecting; by what follows `lakewarden.`. */
export const VIEW_COMMANDS = {
  openLineage: {
    title: 'Open Lineage',
    icon: 'type-hierarchy',
    group: '2_inspect',
    palette: 'connected',
    titleBar: { of: ['layers'], place: 'navigation' },
    queries: ['lineage'],
  },
  openHealth: {
    title: 'Open Health',
    icon: 'graph-line',
    group: '2_inspect',
    palette: 'connected',
    queries: ['dataset', 'slices', 'runs'],
  },
  showRows: {
    title: 'Show First 100 Rows',
    icon: 'table',
    group: '2_inspect',
    palette: 'connected',
    queries: ['rows'],
  },
  showQuarantine: {
    title: 'Show Quarantine with Reasons',
    icon: 'warning',
    group: '2_inspect',
    palette: 'connected',
    queries: ['quarantine', 'rows'],
  },
  showDuplicates: {
    title: 'Show Duplicates',
    icon: 'copy',
    group: '2_inspect',
    palette: 'connected',
    queries: ['rows'],
  },
  showBlame: {
    title: 'Show Where the Rows Come From',
    icon: 'git-commit',
    group: '2_inspect',
    palette: 'connected',
    queries: ['slice', 'blame'],
  },
  showRun: { title: 'Show Run', icon: 'output', group: '2_inspect', palette: 'never' },
  showBackfill: {
    title: 'Show Backfill',
    icon: 'output',
    group: '2_inspect',
    palette: 'never',
    queries: ['backfill'],
  },
  showPlan: {
    title: 'Show Plan',
    icon: 'checklist',
    group: '2_inspect',
    palette: 'connected',
    queries: ['plan'],
  },
  showIncident: {
    title: 'Open Incident',
    icon: 'go-to-file',
    group: '2_inspect',
    palette: 'never',
    queries: ['incident'],
  },
  showRunbook: {
    title: 'Open Runbook',
    icon: 'book',
    group: '2_inspect',
    palette: 'never',
    queries: ['runbook', 'executions'],
  },
  showAudit: { title: 'Show Audit', icon: 'law', palette: 'connected', queries: ['audit', 'verify-audit'] },
  showBreakers: {
    title: 'Show Breakers',
    icon: 'plug',
    palette: 'connected',
    titleBar: { of: ['sources'], place: 'more' },
    queries: ['breakers'],
  },
  copyName: { title: 'Copy Name', group: '3_copy', palette: 'never' },
  copyCommand: { title: 'Copy as lakewarden Command', group: '3_copy', palette: 'never' },
  filterFailed: {
    title: 'Show Failed Only',
    icon: 'filter',
    palette: 'connected',
    titleBar: { of: ['layers'], place: 'navigation', when: `!(${FILTERED})` },
  },
  showAll: {
    title: 'Show Everything',
    icon: 'filter-filled',
    palette: 'connected',
    titleBar: { of: ['layers'], place: 'navigation', when: FILTERED },
  },
  showMore: { title: 'Show More', palette: 'never' },
  refresh: {
    title: 'Refresh',
    icon: 'refresh',
    palette: 'connected',
    titleBar: { of: VIEW_NAMES, place: 'navigation' },
  },
  focusIncidents: { title: 'Focus on Incidents', palette: 'connected' },
  connect: { title: 'Connect to an Agent…', icon: 'plug', palette: 'always', titleBar: ALL_VIEWS },
  reconnect: { title: 'Try the Connection Again', palette: 'always' },
  signIn: { title: 'Sign In…', icon: 'key', palette: 'always', titleBar: ALL_VIEWS },
  signOut: { title: 'Sign Out', icon: 'sign-out', palette: 'always', titleBar: ALL_VIEWS },
  startLocal: { title: 'Start a Local Agent…', icon: 'server-process', palette: 'always' },
  openLog: { title: 'Show Log', icon: 'output', palette: 'always', titleBar: ALL_VIEWS },
  openSettings: { title: 'Open Settings', icon: 'gear', palette: 'always', titleBar: ALL_VIEWS },
  openWalkthrough: { title: 'Get Started', icon: 'mortar-board', palette: 'always', titleBar: ALL_VIEWS },
  copyDiagnostics: { title: 'Copy Diagnostics', icon: 'clippy', palette: 'always', titleBar: ALL_VIEWS },
  checkPipeline: { title: 'Check Pipeline File', icon: 'pass', palette: 'always' },
} as const satisfies Record<string, ViewCommand>;

export type ViewCommandName = keyof typeof VIEW_COMMANDS;

/** What the models ask, whatever is open. */
export const MODEL_QUERIES = [
  'overview',
  'datasets',
  'slices',
  'lag',
  'runs',
  'backfills',
  'incidents',
  'runbooks',
  'executions',
] as const satisfies QueryName[];

export const EXTENSION = 'lakewarden';
export const viewId = (name: ViewName): string => `${EXTENSION}.${name}`;
export const commandId = (name: ActionName | ViewCommandName): string => `${EXTENSION}.${name}`;
/** Scheme of plan documents; every other text of ours has DOCUMENT_SCHEME. */
export const PLAN_SCHEME = 'lakewarden-plan';
export const DOCUMENT_SCHEME = 'lakewarden';
export const LINEAGE_PANEL = 'lakewarden.lineage';
export const HEALTH_PANEL = 'lakewarden.health';
