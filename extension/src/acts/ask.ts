/** What an act asks of a person; the editor's prompts in `editor-ask.ts`, answers given beforehand in tests. */
export interface Ask {
  /** Undefined: the person has left. */
  pick<T>(question: string, choices: readonly Choice<T>[], options?: PickOptions): Promise<T | undefined>;
  text(question: string, options?: TextOptions): Promise<string | undefined>;
  /** Asked in a way that cannot be overlooked; `verb` stands on the button. */
  confirm(question: string, detail: string, verb: string): Promise<boolean>;
}

export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

export interface PickOptions {
  readonly placeholder?: string;
  /** Such as `2 of 3`. */
  readonly step?: readonly [number, number];
}

export interface TextOptions {
  readonly value?: string;
  readonly placeholder?: string;
  readonly isSecret?: boolean;
  /** What is wrong with it; undefined when nothing is. */
  readonly problem?: (text: string) => string | undefined;
}

/** As `vscode.l10n.t`. */
export type Translate = (message: string, ...args: readonly (string | number)[]) => string;

/** Fills `{0}` and the others in; for where there is no editor. */
export const untranslated: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (whole, index: string) => String(args[Number(index)] ?? whole));
