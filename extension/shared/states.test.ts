import { readFileSync } from 'node:fs';
import { HEALTH_STATES } from '@lakewarden/contracts';
import { expect, it } from 'vitest';
import {
  BACKFILL_LOOKS,
  compareStates,
  cssVariable,
  INCIDENT_LOOKS,
  RUN_LOOKS,
  SEVERITY_LOOKS,
  STATES,
  STATES_WORST_FIRST,
} from './states.ts';

const TOKENS = readFileSync(new URL('../webview/parts/tokens.css', import.meta.url), 'utf8');

it('ranks every state once, the worst first', () => {
  expect([...STATES_WORST_FIRST].sort()).toEqual([...HEALTH_STATES].sort());
  expect([...HEALTH_STATES].sort(compareStates)).toEqual(STATES_WORST_FIRST);
});

it('gives each state its own word, and every colour a token with a fallback in the pages', () => {
  for (const [state, { word }] of Object.entries(STATES)) expect(word).toBe(state);
  const looks = [STATES, RUN_LOOKS, BACKFILL_LOOKS, INCIDENT_LOOKS, SEVERITY_LOOKS].flatMap((table) =>
    Object.values(table),
  );
  for (const { color, word, meaning } of looks) {
    expect(meaning, word).not.toBe('');
    expect(TOKENS).toContain(`var(${cssVariable(color)}`);
    expect(TOKENS).toContain(`[data-color="${color}"]`);
  }
});

it('never tells two states of one table by the colour alone', () => {
  for (const table of [STATES, RUN_LOOKS, BACKFILL_LOOKS, INCIDENT_LOOKS, SEVERITY_LOOKS]) {
    const words = Object.values(table).map(({ word }) => word);
    expect(new Set(words).size).toBe(words.length);
  }
});
