import { plainText } from '../plain-text.ts';
import type { Terminal } from '../progress-bars.ts';

/** A block of lines at the end of a terminal that is drawn over again as it changes. */
export class LiveScreen {
  readonly #terminal: Terminal;
  #drawn = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Lines are cut at the right edge, as a wrapped line could not be drawn over; those that do not fit are counted. */
  draw(texts: readonly string[]): void {
    const lines = texts.flatMap((text) => text.split('\n'));
    const rowsMax = Math.max(2, (this.#terminal.rows || 24) - 1);
    const shown = lines.length <= rowsMax ? lines : lines.slice(0, rowsMax - 1);
    const more = lines.length - shown.length;
    const widthMax = Math.max(8, (this.#terminal.columns || 100) - 1);
    const whole = more > 0 ? [...shown, `… and ${more} more lines`] : shown;
    const block = whole.map((line) => `${plainText(line).slice(0, widthMax).toWellFormed()}\n`).join('');
    this.#terminal.write(`${this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[0J` : ''}${block}`);
    this.#drawn = whole.length;
  }
}
