/** Words of an error of the client, told by its fields so that nothing has to be loaded for it. */
export interface ErrorWords {
  readonly what: string;
  readonly remedy: string;
}

export function errorWords(error: unknown): ErrorWords {
  const { what, remedy } = (error ?? {}) as Partial<Record<keyof ErrorWords, unknown>>;
  if (typeof what === 'string' && typeof remedy === 'string') return { what, remedy };
  return {
    what: error instanceof Error ? error.message : String(error),
    remedy: 'see the log of Lakewarden',
  };
}

export function errorText(error: unknown): string {
  const { what, remedy } = errorWords(error);
  return `${what} · ${remedy}`;
}
