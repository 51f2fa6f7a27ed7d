import { aDataset, anIncident, anOverview } from '@lakewarden/client/testing';
import type { Incident } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { statusLine } from './status-line.ts';
import { ToastPolicy } from './toast-policy.ts';

describe('the line in the status bar', () => {
  const lake = (incidents: readonly Incident[], datasets = [aDataset()]) => ({
    overview: anOverview(),
    incidents,
    datasets: new Map(datasets.map((dataset) => [dataset.name, dataset])),
  });

  it('says how far gold is behind, and how many incidents there are', () => {
    expect(statusLine(lake([anIncident()]), { kind: 'connected' })).toMatchObject({
      text: '$(pulse) gold 3 min · 1 incident',
      breach: 'none',
    });
    expect(statusLine(lake([]), { kind: 'connected' })?.text).toBe('$(pulse) gold 3 min');
    expect(statusLine(lake([anIncident({ state: 'resolved' })]), { kind: 'connected' })?.text).toBe(
      '$(pulse) gold 3 min',
    );
  });

  it('has a background only when an objective is missed or something critical is left alone', () => {
    const late = aDataset({ name: 'gold.daily_sales', behindMs: 20, freshnessMs: 10 });
    expect(statusLine(lake([], [late]), { kind: 'connected' })?.breach).toBe('late');
    const critical = anIncident({ severity: 'critical' });
    expect(statusLine(lake([critical]), { kind: 'connected' })?.breach).toBe('critical');
    expect(statusLine(lake([{ ...critical, acknowledgedBy: 'anna' }]), { kind: 'connected' })?.breach).toBe(
      'none',
    );
  });

  it('says when the agent is away, and nothing before there was one', () => {
    expect(statusLine(lake([]), { kind: 'unreachable', problem: 'gone' })).toMatchObject({
      tooltip: 'gone',
      breach: 'none',
    });
    expect(statusLine({ ...lake([]), overview: undefined }, { kind: 'noAgent' })).toBeUndefined();
  });
});

describe('a toast', () => {
  const move = (change: Partial<Incident>, before?: Incident['state']) => ({
    incident: anIncident(change),
    before,
  });

  it('is shown once an incident, when it opens', () => {
    const policy = new ToastPolicy([]);
    expect(policy.shouldTell(move({ state: 'open' }), 'all')).toBe(true);
    expect(policy.shouldTell(move({ state: 'open' }), 'all')).toBe(false);
    expect(policy.shouldTell(move({ state: 'escalated' }, 'open'), 'all')).toBe(false);
    expect(new ToastPolicy(policy.told).shouldTell(move({ state: 'escalated' }, 'open'), 'all')).toBe(false);
  });

  it('is of critical and escalated ones alone, unless all are wanted', () => {
    const policy = new ToastPolicy([]);
    expect(policy.shouldTell(move({ id: 'a', state: 'open', severity: 'error' }), 'critical')).toBe(false);
    expect(policy.shouldTell(move({ id: 'b', state: 'open', severity: 'critical' }), 'critical')).toBe(true);
    expect(policy.shouldTell(move({ id: 'a', state: 'escalated' }, 'open'), 'critical')).toBe(true);
  });

  it('is not shown for what was there before, changed nothing, is looked after, or when none are wanted', () => {
    const policy = new ToastPolicy([]);
    expect(policy.shouldTell(move({ state: 'recovering', severity: 'critical' }, 'open'), 'all')).toBe(false);
    expect(policy.shouldTell(move({ state: 'escalated' }, 'escalated'), 'all')).toBe(false);
    expect(policy.shouldTell(move({ state: 'escalated', acknowledgedBy: 'anna' }, 'open'), 'all')).toBe(
      false,
    );
    expect(policy.shouldTell(move({ state: 'open', severity: 'critical' }), 'off')).toBe(false);
    expect(policy.shouldTell(move({ state: 'resolved' }), 'all')).toBe(false);
    expect(policy.told).toEqual([]);
  });

  it('remembers a bounded number', () => {
    const policy = new ToastPolicy([]);
    for (let index = 0; index < 1_000; index++)
      policy.shouldTell(move({ id: `i${index}`, state: 'open' }), 'all');
    expect(policy.told).toHaveLength(500);
    expect(policy.told.at(-1)).toBe('i999');
  });
});
