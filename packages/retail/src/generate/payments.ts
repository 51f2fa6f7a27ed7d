import { formatMills } from './catalogue.ts';
import type { Sale } from './online-orders.ts';
import type { CleanEvent, FaultShape } from './plant-faults.ts';
import type { Random } from './random.ts';

export const PAYMENT_FAULTS: FaultShape = {
  required: ['Method', 'Currency', 'Reference'],
  number: 'Amount',
  renamed: ['Method', 'PaymentMethod'],
  added: ['Acquirer', 'ACQ-7'],
};

/** One payment a sale, minutes after it, on the same day; what was given back is paid back. */
export function paymentsOf(
  channel: 'online' | 'onsite',
  sales: readonly Sale[],
  random: Random,
): CleanEvent[] {
  return sales
    .filter((sale) => sale.amountMills !== 0)
    .map(({ reference, amountMills, happening }) => ({
      fields: {
        PaymentId: `PAY-${reference}`,
        Channel: channel,
        Reference: reference,
        Method: random.weighted([
          ['card', 70],
          ['wallet', 15],
          [channel === 'online' ? 'invoice' : 'cash', 15],
        ]),
        Amount: formatMills(amountMills),
        Currency: 'GBP',
        PaidAt: new Date(happening.epochMs + 1_000 * random.int(1, 600)).toISOString(),
      },
      late: happening.late,
      future: happening.future,
    }));
}
