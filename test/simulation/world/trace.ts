import { hash32 } from './chance.ts';

/** What happened, in order: a hash that proves that two runs were the same (I18), and the last lines for who looks. */
export class Trace {
  readonly #keep: number;
  readonly #lines: string[] = [];
  readonly #startMs: number;
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  constructor(startMs: number, keep: number) {
    this.#startMs = startMs;
    this.#keep = keep;
  }

  add(nowMs: number, line: string): void {
    this.#low = hash32(line, this.#low ^ Math.trunc(nowMs - this.#startMs));
    this.#high = hash32(line, this.#high);
    if (this.#keep > 0) this.#remember(nowMs, line);
  }

  /** For who looks only: not part of the hash. */
  note(nowMs: number, line: string): void {
    if (this.#keep > 0) this.#remember(nowMs, line);
  }

  get hash(): string {
    return [this.#high, this.#low].map((part) => part.toString(16).padStart(8, '0')).join('');
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#keep);
  }

  #remember(nowMs: number, line: string): void {
    const seconds = ((nowMs - this.#startMs) / 1000).toFixed(3).padStart(10);
    this.#lines.push(`${seconds}  ${line}`);
    if (this.#lines.length > 2 * this.#keep) this.#lines.splice(0, this.#keep);
  }
}
