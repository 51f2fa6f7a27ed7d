import type { ControlEffect } from '@lakewarden/contracts';
import type { NewEntry } from './audit-entry.ts';

export interface PendingNote {
  readonly ticket: number;
  readonly at: string;
  readonly entry: NewEntry;
}

/**
 * The same notes with less of what later ones make needless: oldest first, until at most `effectsMax` effects are left or
 * nothing more may go. What may go changes no state but lines of a timeline.
 */
export function mergeNotes(
  notes: readonly PendingNote[],
  effectsMax: number,
): { readonly notes: readonly PendingNote[]; readonly dropped: number } {
  let surplus = countEffects(notes) - effectsMax;
  const before = surplus;
  const isNeedless = needlessIn(notes);
  const merged: PendingNote[] = [];
  for (const note of notes) {
    const effects = note.entry.effects.filter(
      (effect) => surplus <= 0 || !isNeedless(effect) || surplus-- <= 0,
    );
    if (effects.length > 0) merged.push({ ...note, entry: { ...note.entry, effects } });
  }
  return { notes: merged, dropped: before - surplus };
}

export function countEffects(notes: readonly PendingNote[]): number {
  return notes.reduce((sum, { entry }) => sum + entry.effects.length, 0);
}

function needlessIn(notes: readonly PendingNote[]): (effect: ControlEffect) => boolean {
  const lastMoves = new Map<string, ControlEffect>();
  for (const { entry } of notes) {
    for (const effect of entry.effects) lastMoves.set(thingOf(effect), effect);
  }
  return (effect) => {
    if (effect.type === 'IncidentNoted') return true;
    const last = lastMoves.get(thingOf(effect));
    if (last === undefined || last === effect) return false;
    // From wherever it stands it may go there, so the way does not matter.
    if (effect.type === 'IncidentMoved') {
      return last.type === 'IncidentMoved' && last.to === 'resolved' && effect.to !== 'resolved';
    }
    return (
      effect.type === 'StepMoved' &&
      effect.to === 'running' &&
      last.type === 'StepMoved' &&
      last.to === 'done'
    );
  };
}

function thingOf(effect: ControlEffect): string {
  switch (effect.type) {
    case 'IncidentMoved':
      return `incident ${effect.incident}`;
    case 'StepMoved':
      return `step ${effect.execution} ${effect.step}`;
    default:
      return effect.type;
  }
}
