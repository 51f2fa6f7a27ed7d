import type {
  BackfillHealth,
  BreakerHealth,
  DatasetHealth,
  Execution,
  Incident,
  LayerHealth,
  RunbookStatus,
  RunHealth,
  SliceHealth,
  SourceLag,
} from '@lakewarden/contracts';
import { STATES_WORST_FIRST } from '../../shared/states.ts';
import {
  behindText,
  countsText,
  countText,
  equationText,
  plural,
  spanText,
  timeText,
  whenText,
} from '../../shared/words.ts';
import { card, commandLink, escaped, type Fact, facts } from './markdown.ts';

/** What a hover tells: Markdown, with everything that is not ours escaped. */

const NAMES_MAX = 12;

export function layerCard(layer: LayerHealth): string {
  return card(
    `**${layer.layer}** · ${layer.state}`,
    layer.why === '' ? undefined : escaped(layer.why),
    facts(
      { name: 'datasets', text: countText(layer.datasets) },
      { name: 'slices', text: countsText(layer.counts, STATES_WORST_FIRST) },
      { name: 'rows', text: countText(layer.rows) },
      { name: 'age', text: layer.behindMs === undefined ? undefined : behindText(layer.behindMs) },
    ),
  );
}

/** `runs`: the last ones, newest first; undefined while they are not known. */
export function datasetCard(
  dataset: DatasetHealth,
  runs: readonly RunHealth[] | undefined,
  nowMs: number,
): string {
  const { name, state, why, accounting, version } = dataset;
  return card(
    `**${escaped(name)}** · ${state}`,
    why === '' ? undefined : escaped(why),
    accounting === undefined ? undefined : equationCard(accounting),
    facts(
      { name: 'rows', text: countText(dataset.rows) },
      {
        name: 'slices',
        text: `${countText(dataset.slices)} · ${countsText(dataset.counts, STATES_WORST_FIRST)}`,
      },
      { name: 'age', text: ageText(dataset) },
      {
        name: 'version',
        text: version === undefined ? undefined : `${version}${atText(dataset.updatedAt, nowMs)}`,
      },
      { name: 'reads', text: names(dataset.inputs) },
      { name: 'read by', text: names(dataset.readers) },
      stopFact('frozen', dataset.frozen, nowMs),
      stopFact('paused', dataset.paused, nowMs),
      { name: 'flag', text: dataset.flagged ? 'made from a pinned slice' : undefined },
    ),
    runs === undefined || runs.length === 0 ? undefined : runsCard(runs, nowMs),
    [
      commandLink('Lineage', 'lakewarden.openLineage', { focus: name }),
      commandLink('Health', 'lakewarden.openHealth', { dataset: name }),
      commandLink('First 100 rows', 'lakewarden.showRows', { dataset: name }),
      ...(dataset.layer === 'silver'
        ? [commandLink('Quarantine', 'lakewarden.showQuarantine', { dataset: name })]
        : []),
      commandLink('Log', 'lakewarden.openLog'),
    ].join(' · '),
  );
}

export function sliceCard(slice: SliceHealth, nowMs: number): string {
  const { pin } = slice;
  return card(
    `**${escaped(slice.id)}** · ${slice.state}`,
    slice.why === '' ? undefined : escaped(slice.why),
    slice.accounting === undefined ? undefined : equationCard(slice.accounting),
    facts(
      { name: 'rows', text: countText(slice.rows) },
      {
        name: 'built',
        text: slice.updatedAt === undefined ? undefined : escaped(timeText(slice.updatedAt, nowMs)),
      },
      { name: 'run', text: slice.run === undefined ? undefined : escaped(slice.run) },
      { name: 'attempts', text: slice.attempts === undefined ? undefined : String(slice.attempts) },
      {
        name: 'next try',
        text: slice.nextAttemptAt === undefined ? undefined : escaped(whenText(slice.nextAttemptAt, nowMs)),
      },
      {
        name: 'pin',
        text:
          pin === undefined
            ? undefined
            : `${pin.by} ${pin.as}: ${escaped(pin.reason)}${untilText(pin.until, nowMs)}`,
      },
      { name: 'backfill', text: slice.backfill === undefined ? undefined : escaped(slice.backfill) },
    ),
    [
      commandLink('Where its rows come from', 'lakewarden.showBlame', { slice: slice.id }),
      commandLink('First 100 rows', 'lakewarden.showRows', { dataset: slice.dataset, slice: slice.key }),
      commandLink('Lineage', 'lakewarden.openLineage', { focus: slice.id }),
    ].join(' · '),
  );
}

export function runCard(run: RunHealth, nowMs: number): string {
  return card(
    `**run ${escaped(run.id)}** · ${run.state}`,
    run.error === undefined ? undefined : escaped(run.error),
    facts(
      { name: 'dataset', text: escaped(run.dataset) },
      { name: 'slices', text: `${countText(run.sliceCount)}: ${names(run.slices)}` },
      { name: 'rows', text: run.rows === undefined ? undefined : countText(run.rows) },
      { name: 'started', text: escaped(timeText(run.startedAt, nowMs)) },
      { name: 'took', text: run.durationMs === undefined ? undefined : spanText(run.durationMs) },
      { name: 'engine', text: escaped(run.engine) },
      { name: 'backfill', text: run.backfill === undefined ? undefined : escaped(run.backfill) },
    ),
  );
}

export function backfillCard(backfill: BackfillHealth, nowMs: number): string {
  return card(
    `**${escaped(backfill.title)}** · ${backfill.state}`,
    facts(
      { name: 'built', text: `${countText(backfill.built)} of ${plural(backfill.total, 'slice')}` },
      { name: 'failed', text: backfill.failed === 0 ? undefined : countText(backfill.failed) },
      { name: 'now', text: names(backfill.current) },
      {
        name: 'left',
        text: backfill.remainingMs === undefined ? undefined : `~${spanText(backfill.remainingMs)}`,
      },
      { name: 'started', text: escaped(timeText(backfill.startedAt, nowMs)) },
    ),
    commandLink('Its plan', 'lakewarden.showPlan', { plan: backfill.plan }),
  );
}

export function incidentCard(incident: Incident, nowMs: number): string {
  const evidence = Object.entries(incident.evidence).map(
    ([name, value]) => `${escaped(name)} ${escaped(String(value))}`,
  );
  return card(
    `**${escaped(incident.title)}** · ${incident.severity} · ${incident.state}`,
    facts(
      { name: 'about', text: names(incident.targets) },
      { name: 'evidence', text: evidence.slice(0, NAMES_MAX).join(' · ') },
      { name: 'opened', text: escaped(whenText(incident.openedAt, nowMs)) },
      {
        name: 'deadline',
        text: incident.endedAt === undefined ? escaped(whenText(incident.deadline, nowMs)) : undefined,
      },
      { name: 'runbook', text: incident.runbook === undefined ? undefined : escaped(incident.runbook) },
      {
        name: 'looked after by',
        text: incident.acknowledgedBy === undefined ? undefined : escaped(incident.acknowledgedBy),
      },
      { name: 'signals', text: countText(incident.signals) },
    ),
    commandLink('Open', 'lakewarden.showIncident', { incident: incident.id }),
  );
}

export function executionCard(execution: Execution, nowMs: number): string {
  return card(
    `**${escaped(execution.runbook)}** · ${execution.state} · ${execution.mode}`,
    execution.note === undefined ? undefined : escaped(execution.note),
    facts(
      ...execution.steps.slice(0, 20).map((step) => ({
        name: escaped(step.id),
        text: `${escaped(step.action)} · ${step.state}${step.note === undefined ? '' : ` · ${escaped(step.note)}`}`,
      })),
      { name: 'started', text: escaped(timeText(execution.startedAt, nowMs)) },
    ),
  );
}

export function runbookCard(runbook: RunbookStatus): string {
  return card(
    `**${escaped(runbook.name)}** · ${runbook.mode}`,
    escaped(runbook.title),
    facts(
      { name: 'for', text: names(runbook.match) },
      { name: 'verified', text: `${runbook.verified} of ${runbook.executions}` },
      { name: 'version', text: escaped(runbook.version) },
    ),
    commandLink('Open', 'lakewarden.showRunbook', { runbook: runbook.name }),
  );
}

export function sourceCard(source: SourceLag, nowMs: number): string {
  const { window } = source;
  return card(
    `**${escaped(source.source)}** · ${source.state}`,
    source.why === '' ? undefined : escaped(source.why),
    facts(
      { name: 'lands in', text: escaped(source.dataset) },
      {
        name: 'lag',
        text:
          source.kind === 'event-hub'
            ? `${plural(source.events, 'event')} · ${spanText(source.seconds * 1_000)}`
            : undefined,
      },
      {
        name: 'window',
        text: window === undefined ? undefined : `${escaped(window.key)} · ${window.state}`,
      },
      { name: 'run', text: window?.run === undefined ? undefined : escaped(window.run) },
      {
        name: 'next',
        text: source.nextAt === undefined ? undefined : escaped(whenText(source.nextAt, nowMs)),
      },
      {
        name: 'observed',
        text: source.observedAt === undefined ? undefined : escaped(whenText(source.observedAt, nowMs)),
      },
      stopFact('paused', source.paused, nowMs),
    ),
    commandLink('Lineage', 'lakewarden.openLineage', { focus: `source:${source.source}` }),
  );
}

export function breakerCard(breaker: BreakerHealth, nowMs: number): string {
  return card(
    `**${escaped(breaker.dependency)}** · ${breaker.state}`,
    breaker.lastError === undefined ? undefined : escaped(breaker.lastError),
    facts(
      { name: 'since', text: escaped(whenText(breaker.since, nowMs)) },
      { name: 'failures', text: countText(breaker.failures) },
      { name: 'waiting calls', text: countText(breaker.parkedCalls) },
      {
        name: 'next probe',
        text: breaker.nextProbeAt === undefined ? undefined : escaped(whenText(breaker.nextProbeAt, nowMs)),
      },
    ),
  );
}

/** Every term named: what arrived is what passed and what did not. */
function equationCard(rows: { in: number; out: number; quarantined: number; duplicates: number }): string {
  return `\`${equationText(rows)}\`  \nin = out + quarantined + duplicates`;
}

function runsCard(runs: readonly RunHealth[], nowMs: number): string {
  return runs
    .slice(0, 3)
    .map((run) => {
      const took = run.durationMs === undefined ? '' : ` · ${spanText(run.durationMs)}`;
      const error = run.error === undefined ? '' : ` · ${escaped(run.error, 120)}`;
      return `- run ${escaped(run.id, 12)} · ${run.state} · ${escaped(whenText(run.startedAt, nowMs))}${took}${error}`;
    })
    .join('\n');
}

function ageText({ behindMs, freshnessMs }: DatasetHealth): string | undefined {
  if (behindMs === undefined) return undefined;
  const objective = freshnessMs === undefined ? '' : ` (objective ${spanText(freshnessMs)})`;
  return `${behindText(behindMs)}${objective}`;
}

function atText(at: string | undefined, nowMs: number): string {
  return at === undefined ? '' : ` · ${escaped(timeText(at, nowMs))}`;
}

function stopFact(name: string, stop: DatasetHealth['frozen'], nowMs: number): Fact {
  if (stop === undefined) return { name, text: undefined };
  const by = stop.by === undefined ? '' : ` · by ${escaped(stop.by)}`;
  return { name, text: `${escaped(stop.reason)}${by}${untilText(stop.until, nowMs)}` };
}

function untilText(until: string | undefined, nowMs: number): string {
  return until === undefined ? '' : ` · until ${escaped(timeText(until, nowMs))}`;
}

function names(list: readonly string[]): string {
  const shown = list.slice(0, NAMES_MAX).map((name) => escaped(name));
  const left = list.length - shown.length;
  return [...shown, ...(left > 0 ? [`and ${countText(left)} more`] : [])].join(', ');
}
