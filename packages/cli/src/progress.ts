/** Shows how far long work is: bars on a terminal, a line every few seconds elsewhere; always on stderr. */
export interface Progress {
  /**
   * `total` undefined: not known. Units are rows or events. Fewer `done` than before mean that the stage begins anew.
   */
  update(stage: string, done: number, total: number | undefined): void;
  note(text: string): void;
  end(): void;
}
