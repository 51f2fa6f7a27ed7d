/**
 * The viewer's token. It comes in the fragment of a link (`#token=…`), which no server and no log ever sees, or is typed;
 * it is kept for this tab only and taken out of the address at once, so it is in no history and no bookmark.
 */
const KEY = 'lakewarden-token';
const FORM = /^[A-Za-z0-9._~+/=-]{8,2000}$/;

export function takeToken(): string | undefined {
  const given = /^#token=(.*)$/.exec(location.hash)?.[1];
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  if (given !== undefined && keepToken(given)) return given;
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** False when it cannot be a token: a header must not carry it. */
export function keepToken(token: string): boolean {
  if (!FORM.test(token)) return false;
  sessionStorage.setItem(KEY, token);
  return true;
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}
