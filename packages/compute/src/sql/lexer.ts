import { SyntaxRefused } from './syntax.ts';

export interface Token {
  /** `word` text is lower case: names and keywords are not case-sensitive. `text` is the value of a '…' literal. */
  readonly kind: 'word' | 'number' | 'text' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const TEXT_LENGTH_MAX = 256 * 1024;
const TOKENS_MAX = 20_000;

const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)/y;
const SYMBOL = /\|\||<>|!=|<=|>=|[(),.+\-*/=<>;]/y;

/** What people write who know one engine well, and what to write here. */
const REFUSED_SYMBOLS: readonly {
  readonly start: string;
  readonly message: string;
  readonly remedy: string;
}[] = [
  { start: '::', message: '"::" is not in the portable subset', remedy: 'write cast(x as type)' },
  {
    start: '"',
    message: 'quoted names are not in the portable subset',
    remedy: 'names are lower case: leave the quotes away',
  },
  {
    start: '`',
    message: 'quoted names are not in the portable subset',
    remedy: 'names are lower case: leave the quotes away',
  },
  {
    start: '[',
    message: 'lists are not in the portable subset',
    remedy: 'engines count list positions differently; use IN (…) or CASE',
  },
  {
    start: '{',
    message: 'structs are not in the portable subset',
    remedy: 'name each value as a column of its own',
  },
  {
    start: '%',
    message: '"%" is not in the portable subset',
    remedy: 'engines differ on the sign of a remainder; use CASE',
  },
  { start: '$', message: 'parameters are not in the portable subset', remedy: 'write the value itself' },
  { start: '?', message: 'parameters are not in the portable subset', remedy: 'write the value itself' },
];

/** Splits a text into tokens, the last of kind `end`. Throws `SyntaxRefused`. */
export function tokenize(text: string): readonly Token[] {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new SyntaxRefused(
      0,
      `longer than ${TEXT_LENGTH_MAX} characters`,
      'split the work over several datasets',
    );
  }
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const skipped = skipBlank(text, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const [token, end] = readToken(text, at);
    if (tokens.length >= TOKENS_MAX) throw new SyntaxRefused(at, `more than ${TOKENS_MAX} words and signs`);
    tokens.push(token);
    at = end;
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

function skipBlank(text: string, at: number): number {
  const end = match(SPACE, text, at)?.end ?? match(LINE_COMMENT, text, at)?.end;
  if (end !== undefined) return end;
  if (!text.startsWith('/*', at)) return at;
  const close = text.indexOf('*/', at + 2);
  if (close < 0) throw new SyntaxRefused(at, 'this comment has no end', 'close it with */');
  return close + 2;
}

function readToken(text: string, at: number): readonly [Token, number] {
  if (text[at] === "'") return readText(text, at);
  const word = match(WORD, text, at);
  if (word !== undefined) return [{ kind: 'word', text: word.text.toLowerCase(), at }, word.end];
  const number = match(NUMBER, text, at);
  if (number !== undefined) return readNumber(text, at, number);
  const refused = REFUSED_SYMBOLS.find((entry) => text.startsWith(entry.start, at));
  if (refused !== undefined) throw new SyntaxRefused(at, refused.message, refused.remedy);
  const symbol = match(SYMBOL, text, at);
  if (symbol === undefined) {
    throw new SyntaxRefused(
      at,
      `unexpected character ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}`,
    );
  }
  return [{ kind: 'symbol', text: symbol.text === '!=' ? '<>' : symbol.text, at }, symbol.end];
}

function readText(text: string, at: number): readonly [Token, number] {
  let value = '';
  let from = at + 1;
  for (;;) {
    const quote = text.indexOf("'", from);
    if (quote < 0)
      throw new SyntaxRefused(at, 'this text has no end', "close it with ' and write '' for a quote inside");
    value += text.slice(from, quote);
    if (text[quote + 1] !== "'") return [{ kind: 'text', text: value, at }, quote + 1];
    value += "'";
    from = quote + 2;
  }
}

function readNumber(text: string, at: number, number: Match): readonly [Token, number] {
  const next = text[number.end] ?? '';
  if (/[eE]/.test(next) && /[\d+-]/.test(text[number.end + 1] ?? '')) {
    throw new SyntaxRefused(at, 'numbers with an exponent are floating point', 'write all digits out');
  }
  if (/[A-Za-z_]/.test(next)) {
    throw new SyntaxRefused(
      at,
      `"${number.text}${next}…" is neither a number nor a name`,
      'names begin with a letter',
    );
  }
  return [{ kind: 'number', text: number.text, at }, number.end];
}

interface Match {
  readonly text: string;
  readonly end: number;
}

function match(pattern: RegExp, text: string, at: number): Match | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  return found === undefined ? undefined : { text: found, end: at + found.length };
}
