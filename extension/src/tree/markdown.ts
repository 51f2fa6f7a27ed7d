import { LINE_CHARS_MAX, plainText } from '../../shared/plain-text.ts';

/**
 * Text that is not ours as Markdown that shows it letter by letter: no link, picture, table, heading, HTML or icon can
 * come of it, and no line of it ends early. Bounded.
 */
export function escaped(text: string, charsMax: number = LINE_CHARS_MAX): string {
  const plain = plainText(text, charsMax)
    // Every mark that Markdown, HTML or icons (`$(x)`) give a meaning; `www.` and `https:` would become links by themselves.
    .replace(/[\\`*_{}[\]()#+\-!<>&|~$^=:;"'/@.]/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .trim();
  return plain === '' ? ' ' : plain;
}

/** A link to one of our commands; those that may be linked stand in `LINKED_COMMANDS`. */
export function commandLink(title: string, command: LinkedCommand, ...args: readonly unknown[]): string {
  const query = args.length === 0 ? '' : `?${encodeURIComponent(JSON.stringify(args))}`;
  // Encoded again by nobody: brackets would end the link.
  const safe = query.replace(/[()'!*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return `[${escaped(title)}](command:${command}${safe})`;
}

/** They open something and change nothing. */
export const LINKED_COMMANDS = [
  'lakewarden.openLineage',
  'lakewarden.openHealth',
  'lakewarden.showRows',
  'lakewarden.showQuarantine',
  'lakewarden.showBlame',
  'lakewarden.showIncident',
  'lakewarden.showRunbook',
  'lakewarden.showRun',
  'lakewarden.showPlan',
  'lakewarden.openLog',
] as const;
export type LinkedCommand = (typeof LINKED_COMMANDS)[number];

/** Lines of a card; empty ones and those that are undefined are left out. */
export function card(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

export interface Fact {
  readonly name: string;
  /** Markdown. */
  readonly text: string | undefined;
}

/** Names and texts as a table of two columns; those without a text are left out. */
export function facts(...items: readonly Fact[]): string {
  const rows = items.flatMap(({ name, text }) =>
    text === undefined || text === '' ? [] : [`| ${name} | ${text} |`],
  );
  return rows.length === 0 ? '' : ['| | |', '| :-- | :-- |', ...rows].join('\n');
}
