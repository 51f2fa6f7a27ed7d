import type { EventBlock, EventSource } from '../load/event-source.ts';
import { HOUR_MS, isoDay } from './calendar.ts';
import type { GeneratedWorld, HubName } from './generated-world.ts';
import type { PlantedEvent } from './planted-event.ts';

export const LIVE_SOURCE = 'live';
const TICK_MS = 250;
/** After a machine has slept, what was missed comes little by little. */
const TICK_EVENTS_MAX = 1_000;
const REPEATED_EVERY = 97;
const LATE_EVERY = 200;
/** More than the world has sessions, so that no two rounds share one. */
const SESSIONS_A_ROUND = 1_000_000_000;

/** Field of the body that holds the event time, and how it is written. */
const TIMES: Readonly<Record<HubName, (fields: Record<string, unknown>, epochMs: number) => void>> = {
  orders: (fields, epochMs) => {
    fields.InvoiceDate = new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
  },
  pos: (fields, epochMs) => {
    fields.SoldAt = new Date(epochMs).toISOString();
  },
  payments: (fields, epochMs) => {
    fields.PaidAt = new Date(epochMs).toISOString();
  },
  clicks: (fields, epochMs) => {
    const date = isoDay(epochMs);
    const [year, month, day] = date.split('-').map((part) => `${Number(part)}`);
    Object.assign(fields, { date, year, month, day });
  },
};

export interface LiveOptions {
  readonly eventsPerSecond: number;
  readonly now: () => number;
  /** Rejects or returns early when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** While it answers true, most events of this hub cannot be read as what they should be. */
  readonly isPoisoned?: (hub: HubName) => boolean;
}

/**
 * The same kind of events without end, as they happen now: content and faults from the seed, the time from the clock.
 * Every 200th event is an hour late, every 97th comes twice. Row numbers go on where the hub's last live event left off.
 */
export function liveSource(world: GeneratedWorld, hub: HubName, options: LiveOptions): EventSource {
  return {
    name: LIVE_SOURCE,
    count: async () => undefined,
    async *blocks(signal, sentRows): AsyncIterable<EventBlock> {
      const startMs = options.now();
      let sent = 0;
      while (!signal.aborted) {
        const owed = Math.floor(((options.now() - startMs) / 1_000) * options.eventsPerSecond) - sent;
        const due = Math.min(owed, TICK_EVENTS_MAX);
        if (due > 0) {
          const firstRow = sentRows + sent + 1;
          const bodies: Buffer[] = [];
          for (let row = firstRow; row < firstRow + due; row++) {
            const again = row % REPEATED_EVERY === 0 ? bodies.at(-1) : undefined;
            bodies.push(again ?? poisoned(options, hub, row, liveBody(world, hub, row, options.now())));
          }
          yield { firstRow, count: due, body: (at) => bodies[at] ?? Buffer.alloc(0) };
          sent += due;
        }
        await options.sleep(TICK_MS, signal);
      }
    },
  };
}

/** Of a flood of poison most are bad, not all: a pipeline must still find the good ones. */
const GOOD_EVERY = 5;

/** What a faulty release of a shop sends: a quantity that is no number, in an event that else looks well. */
function poisoned(options: LiveOptions, hub: HubName, row: number, body: Buffer): Buffer {
  const fields = options.isPoisoned?.(hub) === true && row % GOOD_EVERY !== 0 ? parseObject(body) : undefined;
  return fields === undefined
    ? body
    : Buffer.from(JSON.stringify({ ...fields, Quantity: 'many', order: 'many' }));
}

const templates = new WeakMap<GeneratedWorld, Map<HubName, readonly Buffer[]>>();

/** An event of the world's days under a new name and time. */
function liveBody(world: GeneratedWorld, hub: HubName, row: number, nowMs: number): Buffer {
  const bodies = templatesOf(world, hub);
  const body = bodies[row % bodies.length] ?? Buffer.alloc(0);
  const fields = parseObject(body);
  if (fields === undefined) return body;
  const round = Math.floor(row / bodies.length);
  for (const name of ['InvoiceNo', 'ReceiptNo', 'PaymentId', 'Reference']) {
    if (typeof fields[name] === 'string') fields[name] = `${fields[name]}-${round}`;
  }
  const session = Number(fields['session ID']);
  if (session > 0) fields['session ID'] = `${session + round * SESSIONS_A_ROUND}`;
  TIMES[hub](fields, row % LATE_EVERY === 0 ? nowMs - HOUR_MS : nowMs);
  return Buffer.from(JSON.stringify(fields));
}

function templatesOf(world: GeneratedWorld, hub: HubName): readonly Buffer[] {
  const known = templates.get(world) ?? new Map<HubName, readonly Buffer[]>();
  templates.set(world, known);
  const bodies =
    known.get(hub) ??
    world
      .eventsOf(hub, world.days.length - 1)
      .filter(isOriginal)
      .map((event) => event.body);
  known.set(hub, bodies);
  return bodies;
}

/** Repetitions are planted anew, as they must have the same time too. */
function isOriginal(event: PlantedEvent): boolean {
  return event.fate !== 'duplicate';
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
