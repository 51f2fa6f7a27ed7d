import fc from 'fast-check';
import rhea from 'rhea';
import { describe, expect, test } from 'vitest';
import { BATCH_FORMAT, readTransfer } from './incoming-events.ts';
import { MalformedMessage, readSections, SECTION } from './sections.ts';

const { message, types } = rhea;

describe('sections', () => {
  test('are found with their kinds and borders', () => {
    const bytes = message.encode({
      durable: true,
      message_annotations: { a: 1 },
      message_id: 'm',
      application_properties: { p: 'q' },
      body: message.data_sections([Buffer.from('one'), Buffer.alloc(300)]),
    });
    const sections = readSections(bytes);
    expect(sections.map(({ code }) => code)).toEqual([
      SECTION.header,
      SECTION.messageAnnotations,
      SECTION.properties,
      SECTION.applicationProperties,
      SECTION.data,
      SECTION.data,
    ]);
    expect(sections.at(-1)?.end).toBe(bytes.length);
  });

  test('of arbitrary values are skipped as a decoder reads them', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
        fc.string({ maxLength: 400 }),
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        fc.date({ noInvalidDate: true }),
        fc.array(tie('any'), { maxLength: 5 }),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (body) => {
        const bytes = message.encode({ body, application_properties: { x: 'y' } });
        expect(readSections(bytes).at(-1)?.end).toBe(bytes.length);
      }),
    );
  });

  test('that are cut short or no sections are refused, wherever the cut is', () => {
    const whole = message.encode({
      message_annotations: { a: 1 },
      body: message.data_section(Buffer.from('body')),
    });
    const borders = new Set(readSections(whole).map(({ end }) => end));
    for (let end = 1; end < whole.length; end++)
      if (!borders.has(end)) expect(() => readSections(whole.subarray(0, end))).toThrow(MalformedMessage);
  });

  test('never make it fail in another way, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const format of [0, BATCH_FORMAT]) {
          try {
            readTransfer(Buffer.from(bytes), format);
          } catch (error) {
            if (!(error instanceof MalformedMessage) && !(error instanceof RangeError)) throw error;
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a batch', () => {
  const inner = (body: string, annotations: Record<string, unknown> = {}) =>
    message.encode({ message_annotations: annotations, body: message.data_section(Buffer.from(body)) });

  test('gives its events, each with the key of the batch', () => {
    const bytes = message.encode({
      message_annotations: { 'x-opt-partition-key': 'blue' },
      body: message.data_sections([
        inner('one'),
        inner('two', { 'x-opt-partition-key': 'red', own: 'kept' }),
      ]),
    });
    const { events, partitionKey } = readTransfer(bytes, BATCH_FORMAT);
    expect(partitionKey).toBe('blue');
    expect(events.map((event) => event.partitionKey)).toEqual(['blue', 'blue']);
    expect(events.map(({ annotationItems }) => annotationItems)).toEqual([0, 2]);
  });

  test('keeps every byte behind the annotations', () => {
    const event = message.encode({
      application_properties: { exact: types.wrap_short(3) },
      body: message.data_section(Buffer.from([0, 255, 0x80])),
    });
    const [read] = readTransfer(
      message.encode({ body: message.data_sections([event]) }),
      BATCH_FORMAT,
    ).events;
    expect(Buffer.concat([read?.header ?? event, read?.rest ?? event])).toEqual(event);
  });

  test('without events, or of something else than messages, is refused', () => {
    for (const body of [message.data_sections([]), message.data_section(Buffer.from('no message')), 'text'])
      expect(() => readTransfer(message.encode({ body }), BATCH_FORMAT)).toThrow(MalformedMessage);
  });
});
