/** Controls, marks of direction, joiners, fillers, tags, private and unassigned characters, lone surrogates. */
const UNSEEN = /[\u034f\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of a row as one line in which everything can be seen: what shows nothing, or moves what is around it, is written
 * as `\u202e`. Bounded; cut before anything else, so a megabyte in one cell costs nothing.
 */
export function visibleText(text: string, charsMax: number): string {
  const isLong = text.length > charsMax;
  const kept = isLong ? text.slice(0, charsMax - 1) : text;
  const visible = kept.replace(UNSEEN, (unseen) => SHORT[unseen] ?? codeOf(unseen));
  return isLong ? `${visible}…` : visible;
}

function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
}
