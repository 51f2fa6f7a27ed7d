import { resolve } from 'node:path';
import { countOf, dateOf, durationOf, OptionError, timeOf, wholeNumberOf } from '../option-values.ts';
import type { Option, OptionValue } from './verb.ts';

export interface ReadContext {
  readonly cwd: string;
  readonly wallMs: () => number;
}

/** The value of what was written behind an option. Throws `OptionError`. */
export function readOption(option: Option, text: string, { cwd, wallMs }: ReadContext): OptionValue {
  const { name, kind, choices = [] } = option;
  switch (kind) {
    case 'switch':
      return true;
    case 'text':
      return text;
    case 'choice':
      if (choices.includes(text)) return text;
      throw new OptionError(`--${name} ${text} is none of its values · write one of ${choices.join(', ')}`);
    case 'number':
      return wholeNumberOf(name, text);
    case 'count':
      return countOf(name, text) ?? 0;
    case 'day':
      return dateOf(name, text) ?? '';
    case 'duration':
      return durationOf(name, text) ?? 0;
    case 'time':
      return timeOf(name, text, wallMs());
    case 'path':
      return resolve(cwd, text);
  }
}
