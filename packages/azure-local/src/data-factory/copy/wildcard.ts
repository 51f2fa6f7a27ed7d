/**
 * `*` stands for any characters, `?` for one, `^` takes the next literally; never across `/`.
 * Source: MS Learn "Copy data to or from a file system", wildcardFileName. Linear in time, so no pattern can hang us.
 */
export function matchesWildcard(pattern: string, name: string): boolean {
  const tokens = tokensOf(pattern);
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (
      current !== undefined &&
      (current.kind === 'one' || (current.kind === 'char' && current.char === name[at]))
    ) {
      token += 1;
      at += 1;
    } else if (current?.kind === 'any') {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (starToken >= 0) {
      // The last star takes one character more.
      starAt += 1;
      at = starAt;
      token = starToken + 1;
    } else return false;
  }
  return tokens.slice(token).every(({ kind }) => kind === 'any');
}

/** Segment by segment; both sides must be equally deep. */
export function matchesFolder(pattern: readonly string[], folder: readonly string[]): boolean {
  return (
    pattern.length === folder.length &&
    pattern.every((part, index) => matchesWildcard(part, folder[index] ?? ''))
  );
}

export function hasWildcard(segment: string): boolean {
  return tokensOf(segment).some(({ kind }) => kind !== 'char');
}

type Token = { readonly kind: 'any' | 'one' } | { readonly kind: 'char'; readonly char: string };

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? '';
    if (char === '*') tokens.push({ kind: 'any' });
    else if (char === '?') tokens.push({ kind: 'one' });
    else if (char === '^' && at + 1 < pattern.length) {
      at += 1;
      tokens.push({ kind: 'char', char: pattern[at] ?? '' });
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}
