/** One file that a copy reads, from whatever store. */
export interface SourceFile {
  /** Segments below the source folder; the sink keeps them. */
  readonly relative: readonly string[];
  /** Opens the content; the stream ends with an error, never early, when the source breaks off. */
  open(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** Files of one copy; the service has no such bound, memory has. */
export const sourceFileCountMax = 100_000;
