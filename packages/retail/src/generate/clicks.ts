import { happeningOn, isoDay } from './calendar.ts';
import type { CleanEvent, FaultShape } from './plant-faults.ts';
import type { Random } from './random.ts';

export const CLICK_FAULTS: FaultShape = {
  required: ['price', 'page', 'page 2 (clothing model)'],
  number: 'colour',
  renamed: ['session ID', 'session_id'],
  added: ['device', 'phone'],
};

/** About `count` clicks that arrive on `day`, session by session. */
export function clicks(
  day: { readonly name: string; readonly index: number },
  count: number,
  random: Random,
): CleanEvent[] {
  const events: CleanEvent[] = [];
  for (let session = 1; events.length < count; session++) {
    const { epochMs, late, future } = happeningOn(day.name, random);
    const date = isoDay(epochMs);
    const [year, month, dayOfMonth] = date.split('-').map(Number) as [number, number, number];
    const country = random.weighted([
      [29, 80],
      [9, 10],
      [24, 10],
    ]);
    const length = random.weighted([
      [random.int(1, 3), 60],
      [random.int(4, 12), 35],
      [random.int(13, 60), 5],
    ]);
    for (let order = 1, page = 1; order <= length; order++) {
      if (page < 5 && random.oneIn(4)) page += 1;
      const category = random.int(1, 4);
      const price = random.int(18, 82);
      const fields = {
        year: `${year}`,
        month: `${month}`,
        day: `${dayOfMonth}`,
        order: `${order}`,
        country: `${country}`,
        'session ID': `${(day.index + 1) * 1_000_000 + session}`,
        'page 1 (main category)': `${category}`,
        'page 2 (clothing model)': `${'ABCP'[category - 1]}${random.int(1, 60)}`,
        colour: `${random.int(1, 14)}`,
        location: `${random.int(1, 6)}`,
        'model photography': `${random.int(1, 2)}`,
        price: `${price}`,
        'price 2': price > 45 ? '1' : '2',
        page: `${page}`,
        date,
      };
      events.push({ fields, late, future });
    }
  }
  return events;
}
