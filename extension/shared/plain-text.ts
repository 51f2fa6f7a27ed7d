/** Characters that show nothing or move what is around them: controls, marks of direction, joiners, tags. */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

export const LABEL_CHARS_MAX = 80;
export const LINE_CHARS_MAX = 300;

/**
 * Text from data, file names or other processes as one line that people can trust their eyes with: what cannot be seen
 * becomes a dot, a lone surrogate the replacement character, and what is too long ends in `…`.
 */
export function plainText(text: string, charsMax: number = LINE_CHARS_MAX): string {
  // Cut first: a megabyte in one line costs nothing then.
  const isLong = text.length > charsMax;
  const kept = isLong ? text.slice(0, charsMax - 1) : text;
  const plain = kept.toWellFormed().replace(UNSEEN, '·');
  return isLong ? `${plain}…` : plain;
}
