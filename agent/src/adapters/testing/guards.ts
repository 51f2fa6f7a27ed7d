import type { Clock, Fact } from '@lakewarden/core';
import { createGuards, type Guards } from '../guard/guards.ts';
import { systemClock } from '../system-clock.ts';
import { systemRandom } from '../system-random.ts';

/** Real guards that keep the facts they emit. */
export function makeGuards(clock: Clock = systemClock): { readonly guards: Guards; readonly facts: Fact[] } {
  const facts: Fact[] = [];
  const emit = (fact: Fact) => {
    facts.push(fact);
  };
  return { guards: createGuards({ clock, random: systemRandom, emit }), facts };
}
