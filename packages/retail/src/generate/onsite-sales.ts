import { happeningOn } from './calendar.ts';
import { formatMills, type Product } from './catalogue.ts';
import type { Sale } from './online-orders.ts';
import type { CleanEvent, FaultShape } from './plant-faults.ts';
import type { Random } from './random.ts';

export const ONSITE_FAULTS: FaultShape = {
  required: ['StockCode', 'UnitPrice', 'StoreId'],
  number: 'Quantity',
  renamed: ['StoreId', 'BranchId'],
  added: ['LoyaltyCard', 'none'],
};

/** About `lines` receipt lines that the tills of the stores send on `day`. */
export function onsiteSales(
  day: { readonly name: string; readonly index: number },
  lines: number,
  world: {
    readonly products: readonly [Product, ...Product[]];
    readonly storeIds: readonly [number, ...number[]];
    readonly random: Random;
  },
): { readonly events: CleanEvent[]; readonly sales: Sale[] } {
  const { random, products, storeIds } = world;
  const events: CleanEvent[] = [];
  const sales: Sale[] = [];
  for (let count = 0; events.length < lines; count++) {
    const storeId = random.pick(storeIds);
    const receipt = `${storeId}-${day.name.replaceAll('-', '')}-${`${count}`.padStart(5, '0')}`;
    const happening = happeningOn(day.name, random);
    const sign = random.oneIn(20) ? -1 : 1;
    let amountMills = 0;
    const lineCount = random.int(1, 6);
    for (let lineNo = 1; lineNo <= lineCount; lineNo++) {
      const product = random.pick(products);
      const quantity = sign * random.int(1, 4);
      amountMills += quantity * product.priceMills;
      events.push({
        fields: {
          ReceiptNo: receipt,
          LineNo: lineNo,
          StoreId: storeId,
          Register: random.int(1, 9),
          StockCode: product.stockCode,
          Description: product.description,
          Quantity: quantity,
          UnitPrice: formatMills(product.priceMills),
          SoldAt: new Date(happening.epochMs).toISOString(),
        },
        late: happening.late,
        future: happening.future,
      });
    }
    sales.push({ reference: receipt, amountMills, happening });
  }
  return { events, sales };
}
