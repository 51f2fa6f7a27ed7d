import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pipeline } from '@lakewarden/compute';
import { type ControlEffect, TransientError } from '@lakewarden/contracts';
import { EMPTY_CONTROL } from '@lakewarden/core';
import { ManualClock } from '@lakewarden/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AlertInbox, openAlertInbox } from '../adapters/alert-inbox.ts';
import { createGuards } from '../adapters/guard/guards.ts';
import { systemRandom } from '../adapters/system-random.ts';
import { openAlerts } from './alerts.ts';
import { Board } from './board.ts';

const ACCOUNT = '/subscriptions/s/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/shoplake';
const caller = { id: 'azure', role: 'alert-sender' } as const;
const source = { kind: 'event-hub', name: 'orders', namespace: 'shop-events', hub: 'orders' } as const;
const PIPELINE: Pipeline = {
  name: 'p',
  datasets: [{ layer: 'bronze', name: 'bronze.orders', source, columns: [], touchGrain: 'day' }],
  sources: [source],
  objectives: new Map(),
  logRules: [],
};

const alertBody = (condition: 'Fired' | 'Resolved', fired = '2026-11-22T10:00:00Z') => ({
  schemaId: 'azureMonitorCommonAlertSchema',
  data: {
    essentials: {
      alertId: '/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/one',
      alertRule: 'orders fall behind',
      severity: 'Sev2',
      signalType: 'Metric',
      monitorCondition: condition,
      monitoringService: 'Platform',
      alertTargetIDs: [ACCOUNT.toUpperCase()],
      configurationItems: ['shoplake'],
      originAlertId: 'origin-one',
      firedDateTime: fired,
      ...(condition === 'Resolved' && { resolvedDateTime: '2026-11-22T10:05:00Z' }),
      description: '',
      essentialsVersion: '1.0',
      alertContextVersion: '1.0',
    },
    alertContext: {
      conditionType: 'SingleResourceMultipleMetricCriteria',
      condition: { windowSize: 'PT5M', allOf: [] },
    },
  },
});

describe('alerts', () => {
  let folder: string;
  let inbox: AlertInbox;
  const clock = new ManualClock(Date.UTC(2026, 10, 22, 10, 1));
  const guards = createGuards({ clock, random: systemRandom, emit: () => undefined });
  const open = (store = inbox) => {
    const noted: ControlEffect[] = [];
    const board = new Board(PIPELINE, 1_000, {
      now: clock.now,
      control: () => EMPTY_CONTROL,
      breakers: () => [],
      failures: () => [],
      building: () => new Map(),
    });
    const alerts = openAlerts({
      ...{ inbox: store, board, clock },
      pipeline: PIPELINE,
      resources: { [ACCOUNT]: ['source:orders'] },
      scope: { subscriptionId: 's', storageAccount: 'other' },
      note: (effects) => noted.push(...effects),
      onAlert: () => undefined,
    });
    return { alerts, board, noted };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lakewarden-alerts-'));
    inbox = openAlertInbox(join(folder, 'alerts.db'), guards.ledger);
  });
  afterEach(() => {
    inbox.close();
    rmSync(folder, { recursive: true });
  });

  it('are taken in once, however often they come, and stand on the board as a hint', async () => {
    const { alerts, board, noted } = open();
    const answers = [];
    for (let n = 0; n < 50; n++) answers.push(await alerts.receive(alertBody('Fired'), caller));
    expect(answers[0]).toMatchObject({ receipt: { duplicate: false, targets: ['source:orders'] } });
    expect(answers.slice(1).every((each) => each.kind === 'accepted' && each.receipt.duplicate)).toBe(true);
    expect(noted.map(({ type }) => type)).toEqual(['AlertReceived']);
    expect(board.alerts()).toHaveLength(1);
  });

  it('leave the board when they are over, and say so once', async () => {
    const { alerts, board, noted } = open();
    await alerts.receive(alertBody('Fired'), caller);
    await alerts.receive(alertBody('Resolved'), caller);
    await alerts.receive(alertBody('Resolved'), caller);
    expect(board.alerts()).toEqual([]);
    expect(noted).toHaveLength(2);
  });

  it('stay off the board when the word that they are over came first, until they fire anew', async () => {
    const { alerts, board } = open();
    await alerts.receive(alertBody('Resolved'), caller);
    await alerts.receive(alertBody('Fired'), caller);
    expect(board.alerts()).toEqual([]);
    expect(open().board.alerts()).toEqual([]);
    await alerts.receive(alertBody('Fired', '2026-11-22T10:06:00Z'), caller);
    expect(board.alerts()).toHaveLength(1);
  });

  it('are on the board again after a restart, until a day has passed', async () => {
    await open().alerts.receive(alertBody('Fired'), caller);
    const restarted = open();
    expect(restarted.board.alerts()).toHaveLength(1);
    clock.nowMs += 25 * 60 * 60 * 1000;
    restarted.alerts.expire();
    expect(restarted.board.alerts()).toEqual([]);
    clock.nowMs -= 25 * 60 * 60 * 1000;
  });

  it('about a resource that is not ours are refused, and nothing is kept', async () => {
    const { alerts, board, noted } = open();
    const body = alertBody('Fired');
    body.data.essentials.alertTargetIDs = ['/subscriptions/x/resourceGroups/y/providers/a.b/c/d'];
    expect(await alerts.receive(body, caller)).toMatchObject({ kind: 'refused', code: 'foreign-resource' });
    expect(await alerts.receive({ data: 1 }, caller)).toMatchObject({ kind: 'refused' });
    expect([board.alerts(), noted, inbox.since(0)]).toEqual([[], [], []]);
  });

  it('are not accepted before they are on disk', async () => {
    const full: AlertInbox = {
      ...inbox,
      accept: () => {
        throw new TransientError('unavailable', 'the disk is full');
      },
    };
    const { alerts, board } = open(full);
    expect(await alerts.receive(alertBody('Fired'), caller)).toMatchObject({ kind: 'unavailable' });
    expect(board.alerts()).toEqual([]);
  });
});
