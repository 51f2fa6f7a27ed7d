import type { Pipeline } from '@lakewarden/compute';
import {
  type Alert,
  alertSchema,
  type ControlEffect,
  parseAlert,
  TransientError,
} from '@lakewarden/contracts';
import {
  type ActiveAlert,
  type AzureScope,
  type Clock,
  mapAlert,
  type ResourceTargets,
} from '@lakewarden/core';
import type { AlertInbox } from '../adapters/alert-inbox.ts';
import type { ReceiveAlert } from '../api/api-options.ts';
import type { Board } from './board.ts';

export interface AlertsOptions {
  readonly inbox: AlertInbox;
  readonly board: Board;
  readonly pipeline: Pipeline;
  readonly resources: ResourceTargets;
  readonly scope: AzureScope;
  readonly clock: Clock;
  readonly note: (effects: readonly ControlEffect[]) => void;
  /** There is something to look at now. */
  readonly onAlert: () => void;
}

/** One that never was said to be over is forgotten after this: what it is about has been looked at many times since. */
const ACTIVE_MS_MAX = 24 * 60 * 60 * 1000;
const ACTIVE_MAX = 1_000;
const RETRY_AFTER_MS = 5_000;

/** Alerts of Azure Monitor, from the webhook to the board. A hint each: whoever acts on one reads the state again. */
export interface Alerts {
  readonly receive: ReceiveAlert;
  /** Takes what has grown old off the board. */
  expire(): void;
}

/** What was received before a restart is on the board again. */
export function openAlerts(options: AlertsOptions): Alerts {
  const { board, clock, inbox, note, onAlert } = options;
  const known: Known = { active: new Map(), overMs: new Map() };
  const { active } = known;
  const show = () => board.putAlerts([...active.values()]);
  for (const { body, receivedMs } of inbox.since(clock.now() - ACTIVE_MS_MAX)) {
    const alert = alertSchema.safeParse(JSON.parse(body));
    if (alert.success) fold(known, options, alert.data, receivedMs);
  }
  show();
  return {
    async receive(body) {
      const parsed = parseAlert(body);
      if (parsed.kind === 'refused') {
        return { kind: 'refused', code: parsed.code, message: parsed.reason, remedy: parsed.remedy };
      }
      const { alert } = parsed;
      const mapped = mapAlert(alert, options.resources, options.pipeline, options.scope);
      if (mapped.kind === 'refused') {
        return { kind: 'refused', code: mapped.code, message: mapped.reason, remedy: mapped.remedy };
      }
      const targets = [...mapped.targets];
      const receivedMs = clock.now();
      let isNew: boolean;
      try {
        isNew = inbox.accept({ id: alert.id, body: JSON.stringify(alert), receivedMs });
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        return { kind: 'unavailable', retryAfterMs: RETRY_AFTER_MS };
      }
      if (isNew) {
        fold(known, options, alert, receivedMs);
        show();
        note([
          { type: 'AlertReceived', alert: alert.id, rule: alert.rule, condition: alert.condition, targets },
        ]);
        onAlert();
      }
      return { kind: 'accepted', receipt: { alert: alert.id, duplicate: !isNew, targets } };
    },
    expire() {
      const oldest = clock.now() - ACTIVE_MS_MAX;
      const old = [...active].filter(([, { receivedMs }]) => receivedMs < oldest);
      for (const [id] of old) active.delete(id);
      if (old.length > 0) show();
    },
  };
}

interface Known {
  /** By correlation. */
  readonly active: Map<string, ActiveAlert>;
  /** By correlation, until when it is known to be over. */
  readonly overMs: Map<string, number>;
}

/** One that is over takes the one that fired away, whichever comes first; by itself it says nothing. */
function fold(
  { active, overMs }: Known,
  { pipeline, resources, scope }: AlertsOptions,
  alert: Alert,
  receivedMs: number,
): void {
  if (alert.condition === 'Resolved') {
    active.delete(alert.correlation);
    overMs.delete(alert.correlation);
    overMs.set(alert.correlation, Date.parse(alert.resolvedAt ?? alert.firedAt));
    const [oldest] = overMs.keys();
    if (overMs.size > ACTIVE_MAX && oldest !== undefined) overMs.delete(oldest);
    return;
  }
  if (Date.parse(alert.firedAt) <= (overMs.get(alert.correlation) ?? Number.NEGATIVE_INFINITY)) return;
  const mapped = mapAlert(alert, resources, pipeline, scope);
  if (mapped.kind === 'refused' || active.size >= ACTIVE_MAX) return;
  active.set(alert.correlation, {
    alert: alert.id,
    rule: alert.rule,
    severity: alert.severity,
    resourceType: mapped.resourceType,
    resourceId: mapped.resourceId,
    targets: mapped.targets,
    firedMs: Date.parse(alert.firedAt),
    receivedMs,
  });
}
