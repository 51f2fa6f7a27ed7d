import type { ActionName, QueryName } from '@lakewarden/contracts';
import type { ExitCode } from '../exit.ts';
import type { World } from '../world.ts';

export interface Positional {
  readonly name: string;
  readonly required: boolean;
  readonly about?: string;
  /** Takes all words that are left, which its value joins with blanks; only the last one of a verb. */
  readonly many?: boolean;
}

/** What may be written behind an option, and what becomes of it. */
export type OptionKind =
  | 'switch'
  | 'text'
  /** One of `choices`. */
  | 'choice'
  /** A whole number. */
  | 'number'
  /** A whole number from 1. */
  | 'count'
  /** `YYYY-MM-DD`. */
  | 'day'
  /** `30s`, `5m`, `2h`, `30d`; becomes milliseconds. */
  | 'duration'
  /** ISO 8601 or a duration from now; becomes ISO 8601. */
  | 'time'
  /** Becomes absolute. */
  | 'path';

export interface Option {
  readonly name: string;
  readonly kind: OptionKind;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** Such as `DIR`. */
  readonly placeholder?: string;
  readonly about: string;
}

export type VerbGroup = 'lake' | 'look' | 'act' | 'recover' | 'help';

/** One verb of the command line. Usage, help and completeness are made from these; nothing is listed twice. */
export interface Verb {
  /** One word, or two such as `runbook list`. */
  readonly name: string;
  readonly group: VerbGroup;
  readonly summary: string;
  readonly positionals: readonly Positional[];
  /** Made when the verb is used: those of contracts cost a little. */
  readonly options: () => readonly Option[];
  /** Of the catalogue: what it asks for. */
  readonly action?: ActionName;
  readonly queries?: readonly QueryName[];
  readonly notes?: readonly string[];
  readonly run: (line: Line, world: World) => Promise<ExitCode>;
}

export type OptionValue = string | number | boolean;

/** A command line that fits its verb. */
export interface Line {
  readonly verb: Verb;
  /** By name of the positional. */
  readonly words: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, OptionValue>>;
}

export function textOption({ values }: Line, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOption({ values }: Line, name: string): number | undefined {
  const value = values[name];
  return typeof value === 'number' ? value : undefined;
}

export function isSet({ values }: Line, name: string): boolean {
  return values[name] === true;
}
