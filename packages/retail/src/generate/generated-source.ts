import type { EventBlock, EventSource } from '../load/event-source.ts';
import type { GeneratedWorld, HubName } from './generated-world.ts';

/** One hub's events of a generated world, a day a block. The name holds all parameters: other ones are another source. */
export function generatedSource(world: GeneratedWorld, hub: HubName): EventSource {
  const { seed, asOf, days, orderRows } = world.parameters;
  return {
    name: `generated/seed=${seed},as-of=${asOf},days=${days},rows=${orderRows}`,
    async count() {
      return world.days.reduce((sum, _, index) => sum + world.eventsOf(hub, index).length, 0);
    },
    async *blocks(): AsyncIterable<EventBlock> {
      let firstRow = 1;
      for (const index of world.days.keys()) {
        const events = world.eventsOf(hub, index);
        const body = (at: number): Buffer => events[at]?.body ?? Buffer.alloc(0);
        yield { firstRow, count: events.length, body };
        firstRow += events.length;
      }
    },
  };
}
