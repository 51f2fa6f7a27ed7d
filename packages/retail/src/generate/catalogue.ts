import type { Random } from './random.ts';

export interface Product {
  readonly stockCode: string;
  readonly description: string;
  /** Thousandths of a pound, as money is never floating point. */
  readonly priceMills: number;
  readonly category: number;
}

const COLOURS = [
  'RED',
  'IVORY',
  'PINK',
  'SKY BLUE',
  'FRENCH GREY',
  'GREEN',
  'ANTIQUE SILVER',
  'MIDNIGHT',
] as const;
const STYLES = ['RETROSPOT', 'VINTAGE', 'POLKADOT', 'WOODEN', 'GLASS', 'ENAMEL', 'KNITTED', 'PAPER'] as const;
const THINGS = [
  'LANTERN',
  'CAKE STAND',
  'LUNCH BAG',
  'TEA TOWEL',
  'HOT WATER BOTTLE',
  'BUNTING',
  'MUG',
  'PHOTO FRAME',
  'DOORMAT',
  'CANDLE HOLDER',
  'JEWELLERY BOX',
  'PICNIC BASKET',
] as const;
const PRODUCTS = 240;

/** The same seed gives the same products for ever. */
export function createProducts(random: Random): readonly [Product, ...Product[]] {
  const products = Array.from({ length: PRODUCTS }, (_, index): Product => {
    const thing = index % THINGS.length;
    const suffix = random.oneIn(4) ? random.pick(['A', 'B', 'S', 'a']) : '';
    return {
      stockCode: `${20_000 + index * 7}${suffix}`,
      description: `${random.pick(COLOURS)} ${random.pick(STYLES)} ${THINGS[thing]}`,
      priceMills: random.int(4, 250) * 50 + (random.oneIn(30) ? 5 : 0),
      category: 1 + (thing % 4),
    };
  });
  return products as [Product, ...Product[]];
}

/** `2950` → `2.95`, `85` → `0.085`: as short as it goes, at least two digits. */
export function formatMills(mills: number): string {
  const sign = mills < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(mills) / 1_000);
  const digits = `${Math.abs(mills) % 1_000}`.padStart(3, '0');
  return `${sign}${whole}.${digits.endsWith('0') ? digits.slice(0, 2) : digits}`;
}
