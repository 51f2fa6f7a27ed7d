import type { Token } from './lexer.ts';
import { REFUSED_WORDS } from './reserved-words.ts';
import { SyntaxRefused } from './syntax.ts';

/** Walks tokens with one token in hand. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#at(this.#position);
  }

  advance(): void {
    this.#position += 1;
  }

  isSymbol(text: string, ahead = 0): boolean {
    const token = this.#at(this.#position + ahead);
    return token.kind === 'symbol' && token.text === text;
  }

  isWord(text: string): boolean {
    return this.current.kind === 'word' && this.current.text === text;
  }

  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.advance();
    return true;
  }

  takeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.advance();
    return true;
  }

  expectSymbol(text: string, message: string, at = this.current.at): void {
    if (!this.takeSymbol(text)) throw new SyntaxRefused(at, message);
  }

  expectWord(text: string, message: string): void {
    if (this.takeWord(text)) return;
    if (this.current.kind === 'word' && REFUSED_WORDS.has(this.current.text)) this.refuseWord(this.current);
    throw new SyntaxRefused(this.current.at, `${text.toUpperCase()} is expected here`, message);
  }

  expectEnd(): void {
    const token = this.current;
    if (token.kind === 'end') return;
    if (token.kind === 'word' && REFUSED_WORDS.has(token.text)) this.refuseWord(token);
    throw new SyntaxRefused(token.at, `unexpected "${token.text}"`);
  }

  refuseWord(token: Token): never {
    const remedy = REFUSED_WORDS.get(token.text);
    throw remedy === undefined
      ? new SyntaxRefused(token.at, `unexpected "${token.text}"`)
      : new SyntaxRefused(token.at, `${token.text.toUpperCase()} is not in the portable subset`, remedy);
  }

  #at(position: number): Token {
    const last = this.#tokens.length - 1;
    const token = this.#tokens[Math.min(position, last)];
    if (token === undefined) throw new Error('assertion: a token list ends with an end token');
    return token;
  }
}
