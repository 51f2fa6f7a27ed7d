import type { Hub } from '../ports/hub.ts';
import type { Chance } from '../world/chance.ts';
import type { Timeline } from '../world/timeline.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BURST_EVENTS_MAX = 8;
const STORES = 6;
const PAGES = 8;
/** Ids of one hour; fewer than its events, so that keys come again. */
const ORDER_IDS_AN_HOUR = 60;

/** Sells into a hub until `untilMs`: bursts with pauses, some events late, some twice, some broken. */
export function produce(hub: Hub, timeline: Timeline, chance: Chance, untilMs: number): void {
  const meanPauseMs = chance.pick([40_000, 90_000, 180_000]);
  const body = hub.name === 'orders' ? orderBody : clickBody;
  const burst = () => {
    if (timeline.nowMs >= untilMs) return;
    const partition = chance.pick(hub.partitions);
    for (let events = chance.int(1, BURST_EVENTS_MAX); events > 0; events--) {
      partition.events.push({ body: body(chance, timeline.nowMs), enqueuedMs: Math.floor(timeline.nowMs) });
    }
    timeline.after(meanPauseMs * 2 * chance.next(), burst);
  };
  timeline.after(meanPauseMs * chance.next(), burst);
}

function orderBody(chance: Chance, nowMs: number): string {
  if (chance.happens(0.04)) return broken(chance);
  const orderedMs = nowMs - lateness(chance);
  const hour = Math.floor(orderedMs / HOUR_MS);
  const number = chance.int(1, ORDER_IDS_AN_HOUR);
  const isRepeated = chance.happens(0.1);
  const order = {
    id: `${hour}-${number}`,
    store: `s${number % STORES}`,
    // The same id and version with other cents is what a sender's mistake looks like.
    version: isRepeated ? 1 : chance.int(1, 4),
    cents: chance.happens(0.02) ? -chance.int(1, 100) : isRepeated ? number * 10 : chance.int(0, 6_000),
    ordered_at: new Date(isRepeated ? hour * HOUR_MS : orderedMs).toISOString(),
  };
  return JSON.stringify(order);
}

/** Milliseconds; negative is a clock that is ahead. */
function lateness(chance: Chance): number {
  const draw = chance.next();
  if (draw < 0.8) return chance.int(0, MINUTE_MS);
  if (draw < 0.93) return chance.int(MINUTE_MS, 2 * HOUR_MS);
  if (draw < 0.96) return chance.int(2 * HOUR_MS, 30 * HOUR_MS);
  return -chance.int(0, 2 * HOUR_MS);
}

function broken(chance: Chance): string {
  const time = new Date(Date.UTC(2026, 0, 15, chance.int(0, 23))).toISOString();
  return chance.pick([
    '',
    '{',
    'null',
    '[1,2]',
    '{"id":"x"}',
    `{"id":"","store":"s1","version":1,"cents":1,"ordered_at":"${time}"}`,
    `{"id":"y","store":"s1","version":1,"cents":"12","ordered_at":"${time}"}`,
    '{"id":"z","store":"s1","version":1,"cents":5,"ordered_at":"yesterday"}',
    '{"__proto__":{"id":"p"},"cents":1.5}',
  ]);
}

function clickBody(chance: Chance): string {
  return chance.happens(0.03) ? broken(chance) : JSON.stringify({ page: chance.int(1, PAGES) });
}

/** Rows of a window as the vendors' system gives them, until it corrects them. */
export type Edition = 'first' | 'corrected';

export function storeRows(window: string, edition: Edition): readonly Readonly<Record<string, string>>[] {
  const shift = Number(window.slice(-2)) + (edition === 'first' ? 0 : 1);
  return Array.from({ length: STORES }, (_, index) => ({
    store: `s${index}`,
    region: index === shift % STORES ? '' : `r${(index + shift) % 3}`,
  }));
}
