import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseItem, SseParser } from './sse-parser.ts';

function parse(...chunks: readonly string[]): SseItem[] {
  const parser = new SseParser(10_000);
  return chunks.flatMap((chunk) => [...parser.push(chunk)]);
}

describe('server-sent events', () => {
  it('end lines with LF, CR or both, also across chunks', () => {
    const event = { kind: 'event', data: 'a\nb', id: '1' };
    expect(parse('id: 1\ndata: a\ndata:b\n\n')).toEqual([event]);
    expect(parse('id: 1\r', '\ndata: a\r', '\ndata:b\r', '\n\r', '\n')).toEqual([event]);
    expect(parse('id: 1\rdata: a\rdata:b\r\r')).toEqual([event]);
  });

  it('keep their id until another one comes, and are nothing without data', () => {
    expect(parse('id: 7\n\ndata: x\n\ndata\n\n')).toEqual([
      { kind: 'event', data: 'x', id: '7' },
      { kind: 'event', data: '', id: '7' },
    ]);
  });

  it('may begin with a byte order mark, hold comments, fields of others and a retry', () => {
    expect(parse('\ufeffdata: x\n\n', ': beat\nretry: 30\nretry: soon\nother: y\n\n')).toEqual([
      { kind: 'event', data: 'x', id: undefined },
      { kind: 'heartbeat' },
      { kind: 'retry', ms: 30 },
    ]);
  });

  it('are the same however the text is cut', () => {
    const text = 'id: 1\r\ndata: a\r\n\r\n: c\n\ndata: {"x": "é😀"}\rdata: 2\r\rdata: half';
    const whole = parse(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(parse(...chunks)).toEqual(whole);
      }),
    );
  });

  it('are bounded in length, while heartbeats may go on for ever', () => {
    expect(() => parse(`data: ${'x'.repeat(10_000)}`)).toThrow('longer than 10000 characters');
    expect(() => parse(...Array(20).fill(`data: ${'x'.repeat(1_000)}\n`))).toThrow('longer');
    expect(parse(...Array(5_000).fill(': beat\n'))).toHaveLength(5_000);
  });
});
