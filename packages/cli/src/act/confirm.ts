import type { ActionContract, ActionResult } from '@lakewarden/contracts';
import { EXIT, Refusal } from '../exit.ts';
import { usage } from '../line/parse-line.ts';
import { isSet, type Line, textOption } from '../line/verb.ts';
import { plainText } from '../plain-text.ts';
import type { World } from '../world.ts';

export interface Confirmation {
  readonly line: Line;
  readonly world: World;
  readonly danger: ActionContract['danger'];
  /** What is hit: what a person types where that is asked for. */
  readonly subject: string;
  /** What would happen, for the person who is asked; nobody asks for it when nobody is. */
  readonly preview: () => Promise<readonly string[]>;
}

/** Throws `Refusal(refused)` when the person says no, `Refusal(usage)` when nobody can be asked and nobody said so before. */
export async function confirm({ line, world, danger, subject, preview }: Confirmation): Promise<void> {
  if (danger === 'none') return;
  const name = line.verb.name;
  if (danger === 'typed' && textOption(line, 'confirm') === subject) return;
  if (danger === 'confirm' && isSet(line, 'yes')) return;
  if (world.ask === undefined) {
    const remedy = danger === 'typed' ? `--confirm ${subject}` : '--yes';
    throw usage(`${name} asks before it acts, and there is no terminal · give ${remedy}`, line.verb);
  }
  for (const text of await preview()) world.complain(plainText(text));
  const question = danger === 'typed' ? `Type ${subject} to go on: ` : `${name} ${subject}: go on? [y/N] `;
  const answer = (await world.ask(plainText(question))).trim();
  const isYes = danger === 'typed' ? answer === subject : /^y(es)?$/i.test(answer);
  if (!isYes) throw new Refusal(EXIT.refused, `${name} ${subject} · not confirmed · nothing was changed`);
}

export function resultLines({ message, effects }: ActionResult): readonly string[] {
  const shown = effects.slice(0, EFFECTS_SHOWN_MAX).map((effect) => `  ${effect}`);
  const left = effects.length - shown.length;
  return [message, ...shown, ...(left > 0 ? [`  and ${left} more`] : [])];
}

const EFFECTS_SHOWN_MAX = 20;
