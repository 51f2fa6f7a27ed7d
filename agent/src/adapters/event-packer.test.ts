import type { ReceivedEventData } from '@azure/event-hubs';
import { describe, expect, test } from 'vitest';
import { bodyBytes, checkedSequence, createEventPacker } from './event-packer.ts';

type BodyType = 'data' | 'value' | 'sequence';

function makeEvent(sequenceNumber: number, body: unknown, bodyType: BodyType = 'data'): ReceivedEventData {
  return {
    body,
    sequenceNumber,
    offset: String(sequenceNumber * 10),
    enqueuedTimeUtc: new Date(1_000 + sequenceNumber),
    partitionKey: null,
    systemProperties: {},
    getRawAmqpMessage: () => ({ body, bodyType }),
  } as unknown as ReceivedEventData;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

describe('packing events into columns', () => {
  test('keeps every body, number, time and offset', () => {
    const packer = createEventPacker(3, 10, 1_000);
    packer.add(makeEvent(7, Buffer.from('{"a":1}')));
    packer.add(makeEvent(8, Buffer.alloc(0)));
    packer.add(makeEvent(9, Buffer.from([0xff, 0x00])));
    const chunk = packer.take();
    expect(chunk).toMatchObject({ partition: 3, count: 3, offsets: ['70', '80', '90'] });
    expect([...chunk.sequences]).toEqual([7n, 8n, 9n]);
    expect([...chunk.enqueuedMs]).toEqual([1_007, 1_008, 1_009]);
    expect([...chunk.ends]).toEqual([7, 7, 9]);
    expect([...chunk.bodies]).toEqual([...Buffer.from('{"a":1}'), 0xff, 0x00]);
    expect(chunk.bodies.buffer.byteLength).toBe(9);
  });

  test('is full by count or by bytes, and starts anew after each take', () => {
    const byCount = createEventPacker(0, 2, 1_000_000);
    byCount.add(makeEvent(1, Buffer.from('a')));
    expect(byCount.isFull).toBe(false);
    byCount.add(makeEvent(2, Buffer.from('b')));
    expect(byCount.isFull).toBe(true);
    const first = byCount.take();
    byCount.add(makeEvent(3, Buffer.from('c')));
    expect([...byCount.take().sequences]).toEqual([3n]);
    expect([...first.sequences]).toEqual([1n, 2n]);
    expect(text(first.bodies)).toBe('ab');

    const byBytes = createEventPacker(0, 100, 10);
    byBytes.add(makeEvent(1, Buffer.alloc(11)));
    expect(byBytes.isFull).toBe(true);
  });

  test('holds bodies far above its first buffer', () => {
    const packer = createEventPacker(0, 100, 1e9);
    for (let i = 0; i < 100; i++) packer.add(makeEvent(i, Buffer.alloc(10_000, i)));
    const { bodies, ends } = packer.take();
    expect(bodies.length).toBe(1_000_000);
    expect([bodies[0], bodies[999_999], ends[99]]).toEqual([0, 99, 1_000_000]);
  });
});

describe('the bytes of a body', () => {
  const bytes = (body: unknown, bodyType: BodyType) => text(bodyBytes(makeEvent(0, body, bodyType)));

  test('of one or more data sections are as sent', () => {
    expect(bytes(Buffer.from('not json {'), 'data')).toBe('not json {');
    expect(bytes([Buffer.from('{"a"'), Buffer.from(':1}')], 'data')).toBe('{"a":1}');
    expect(bytes(null, 'data')).toBe('');
  });

  test('of an AMQP text or binary value are that text or those bytes', () => {
    expect(bytes('{"a":1}', 'value')).toBe('{"a":1}');
    expect(bytes(Buffer.from('x'), 'value')).toBe('x');
  });

  test('of any other AMQP value or sequence are its JSON text', () => {
    expect(bytes({ a: [1, null] }, 'value')).toBe('{"a":[1,null]}');
    expect(bytes(null, 'value')).toBe('null');
    expect(bytes(12n, 'value')).toBe('"12"');
    expect(bytes([1, 'two'], 'sequence')).toBe('[1,"two"]');
  });
});

test('a sequence number that lost digits is refused', () => {
  expect(checkedSequence(2 ** 53 - 1)).toBe(2 ** 53 - 1);
  expect(() => checkedSequence(2 ** 53)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});
