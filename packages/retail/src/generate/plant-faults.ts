import type { Fate, PlantedEvent } from './planted-event.ts';
import type { Random } from './random.ts';

/** An event as a healthy system sends it. */
export interface CleanEvent {
  readonly fields: Readonly<Record<string, string | number>>;
  readonly late: boolean;
  readonly future: boolean;
  /** Set when the event itself breaks a rule of the pipeline. */
  readonly breaksRule?: true;
}

/** What can go wrong with events of one kind. */
export interface FaultShape {
  /** Fields without which an event does not pass; never the time, as it decides the slice. */
  readonly required: readonly [string, ...string[]];
  /** A field that holds a number: it comes as JSON number (passes) or in words (does not). */
  readonly number: string;
  /** After the change of the schema some senders use the new name, and all add a column. */
  readonly renamed: readonly [from: string, to: string];
  readonly added: readonly [name: string, value: string];
}

/** One event in so many, on average. */
const ONE_IN = { duplicate: 60, null: 150, poison: 400, numberTyped: 40, words: 300, renamed: 200 } as const;
/** A repetition comes at most so many events after the first. */
const REPEATED_AFTER_MAX = 400;

/**
 * The events of one day as they really arrive: some twice, some with a hole, some that are no events at all. Each event
 * has at most one fault, so that its fate is certain. `changed`: the schema has drifted by this day.
 */
export function plantFaults(
  events: readonly CleanEvent[],
  shape: FaultShape,
  options: { readonly random: Random; readonly changed: boolean },
): PlantedEvent[] {
  const { random, changed } = options;
  const planted: PlantedEvent[] = [];
  const repeats: { readonly at: number; readonly event: PlantedEvent }[] = [];
  for (const event of events) {
    while (repeats[0] !== undefined && repeats[0].at <= planted.length) planted.push(...take(repeats));
    if (random.oneIn(ONE_IN.poison)) planted.push(poison(random));
    const sent = send(event, shape, random, changed);
    planted.push(sent);
    if (sent.fate === 'kept' && random.oneIn(ONE_IN.duplicate)) {
      repeats.push({
        at: planted.length + random.int(0, REPEATED_AFTER_MAX),
        event: { ...sent, fate: 'duplicate' },
      });
      repeats.sort((a, b) => a.at - b.at);
    }
  }
  return [...planted, ...repeats.map((each) => each.event)];
}

function take(repeats: { readonly event: PlantedEvent }[]): PlantedEvent[] {
  const first = repeats.shift();
  return first === undefined ? [] : [first.event];
}

function send(event: CleanEvent, shape: FaultShape, random: Random, changed: boolean): PlantedEvent {
  const fields: Record<string, string | number | null> = { ...event.fields };
  if (changed) fields[shape.added[0]] = shape.added[1];
  const fate = ownFault(event) ?? spoil(fields, shape, random, changed);
  return { body: Buffer.from(JSON.stringify(fields)), fate, late: event.late };
}

function ownFault(event: CleanEvent): Fate | undefined {
  if (event.future) return 'future-stamped';
  return event.breaksRule ? 'rule' : undefined;
}

/** Changes `fields` or leaves them; tells what that means for the event. */
function spoil(
  fields: Record<string, string | number | null>,
  shape: FaultShape,
  random: Random,
  changed: boolean,
): Fate {
  if (random.oneIn(ONE_IN.null)) {
    const field = random.pick(shape.required);
    const hole = random.int(0, 2);
    if (hole === 0) delete fields[field];
    else fields[field] = hole === 1 ? null : '';
    return 'missing';
  }
  if (random.oneIn(ONE_IN.words)) {
    fields[shape.number] = random.pick(['two', '3 pcs', 'n/a', '1,5O']);
    return 'invalid';
  }
  if (changed && random.oneIn(ONE_IN.renamed)) {
    const [from, to] = shape.renamed;
    fields[to] = fields[from] ?? null;
    delete fields[from];
    return 'missing';
  }
  const value = fields[shape.number];
  if (random.oneIn(ONE_IN.numberTyped) && value !== undefined) fields[shape.number] = Number(value);
  return 'kept';
}

function poison(random: Random): PlantedEvent {
  const body = random.pick<Buffer>([
    Buffer.from('{"InvoiceNo":"5363'),
    Buffer.from('<html><body>502 Bad Gateway</body></html>'),
    Buffer.from([0x80, 0x81, 0xfe, 0xff, 0x00]),
    Buffer.from('["an", "array"]'),
    Buffer.from('null'),
    Buffer.from('undefined'),
  ]);
  return { body, fate: 'unparseable', late: false };
}
