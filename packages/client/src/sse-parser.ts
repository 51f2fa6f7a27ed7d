/** One server-sent event, or the sign that the other side is there. */
export type SseItem =
  | { readonly kind: 'event'; readonly data: string; readonly id: string | undefined }
  | { readonly kind: 'retry'; readonly ms: number }
  | { readonly kind: 'heartbeat' };

/** A line or an event is longer than was allowed. */
export class SseTooLong extends Error {
  override readonly name = 'SseTooLong';
}

/**
 * Text of a `text/event-stream` to items, as the HTML standard parses it: lines may end with CR, LF or both, an event
 * ends with an empty line, and one that was not ended never happened. Holds at most `charsMax` characters.
 */
export class SseParser {
  readonly #charsMax: number;
  /** The line that has not ended yet, in parts, so that a long one costs no more than its length. */
  #line: string[] = [];
  #data: string[] = [];
  #chars = 0;
  #id: string | undefined;
  #afterCr = false;
  #isFirst = true;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** Throws `SseTooLong`. */
  push(chunk: string): readonly SseItem[] {
    let text = chunk;
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      if (text.startsWith('\ufeff')) text = text.slice(1);
    }
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1);
    if (chunk !== '') this.#afterCr = chunk.endsWith('\r');
    const items: SseItem[] = [];
    const lines = text.split(/\r\n|\r|\n/);
    for (const [index, part] of lines.entries()) {
      this.#chars += part.length;
      if (this.#chars > this.#charsMax)
        throw new SseTooLong(`an event is longer than ${this.#charsMax} characters`);
      this.#line.push(part);
      if (index === lines.length - 1) break;
      const line = this.#line.join('');
      this.#line = [];
      const item = this.#take(line);
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  #take(line: string): SseItem | undefined {
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) {
      this.#chars -= line.length;
      return { kind: 'heartbeat' };
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    if (field === 'retry' && /^[0-9]{1,9}$/.test(value)) return { kind: 'retry', ms: Number(value) };
    return undefined;
  }

  #dispatch(): SseItem | undefined {
    const data = this.#data;
    this.#data = [];
    this.#chars = 0;
    return data.length === 0 ? undefined : { kind: 'event', data: data.join('\n'), id: this.#id };
  }
}
