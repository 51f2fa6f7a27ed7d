/** What the words of an answer depend on besides the answer. */
export interface View {
  readonly nowMs: number;
  /** Columns of the terminal; undefined: no terminal. */
  readonly width: number | undefined;
  /** What has to be written again behind a command, with a blank before. */
  readonly suffix: string;
}

/** A page, or all pages. */
export interface Items<Item> {
  readonly items: readonly Item[];
}
