/** Deeper than this nobody writes by hand, and nothing that we take needs. */
export const NESTING_MAX = 64;

/**
 * What is wrong with the structure of a JSON text that a parser would let pass: nesting without end, and a key that
 * stands twice in one object, of which two readers may see different ones. Undefined when neither. Says nothing of texts
 * that are no JSON; the parser does.
 */
export function structureProblem(text: string): string | undefined {
  /** One entry an open bracket: the keys of an object so far, undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (open.length === NESTING_MAX) return `the JSON is nested deeper than ${NESTING_MAX}`;
        open.push(text.charCodeAt(at) === OPEN_BRACE ? new Set() : undefined);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop();
        break;
      case QUOTE: {
        const end = endOfString(text, at);
        const keys = open.at(-1);
        if (keys !== undefined && isFollowedByColon(text, end)) {
          const key = decodeKey(text.slice(at, end));
          if (keys.has(key)) return 'the JSON has an object with the same key twice';
          keys.add(key);
        }
        at = end - 1;
      }
    }
  }
  return undefined;
}

const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, QUOTE, BACKSLASH] = [
  0x7b, 0x7d, 0x5b, 0x5d, 0x22, 0x5c,
] as const;

/** Index after the closing quote; of the text when it never closes. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === QUOTE) return at + 1;
  }
  return text.length;
}

function isFollowedByColon(text: string, end: number): boolean {
  let at = end;
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at++;
  return text.charAt(at) === ':';
}

/** `"a"` and `"\u0061"` are one key. */
function decodeKey(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

/**
 * Where a text anywhere in the value holds control characters or half a character (tab and line breaks may stand):
 * they forge lines of a log and move the cursor of a terminal. Undefined when nowhere.
 */
export function unprintablePlace(value: unknown, place = ''): string | undefined {
  if (typeof value === 'string') return isPrintable(value) ? undefined : place || 'the value';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (!isPrintable(key)) return `a key of ${place || 'the value'}`;
    const found = unprintablePlace(inner, place === '' ? key : `${place}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

function isPrintable(text: string): boolean {
  return !CONTROL.test(text) && text.isWellFormed();
}
