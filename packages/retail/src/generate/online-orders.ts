import { type Happening, happeningOn, shopTime } from './calendar.ts';
import { formatMills, type Product } from './catalogue.ts';
import type { CleanEvent, FaultShape } from './plant-faults.ts';
import type { Random } from './random.ts';

export const ORDER_FAULTS: FaultShape = {
  required: ['Description', 'StockCode', 'UnitPrice', 'Country'],
  number: 'Quantity',
  renamed: ['UnitPrice', 'Unit_Price'],
  added: ['SalesChannel', 'web'],
};

/** Something that was paid for, for the payments that go with it. */
export interface Sale {
  readonly reference: string;
  readonly amountMills: number;
  readonly happening: Happening;
}

const COUNTRIES = [
  ['United Kingdom', 60],
  ['Germany', 8],
  ['France', 8],
  ['EIRE', 6],
  ['Netherlands', 4],
  ['Spain', 3],
  ['Switzerland', 2],
  ['USA', 2],
] as const;

/** About `lines` order lines that arrive on `day`: invoices of some lines each, cancellations and bookkeeping among them. */
export function onlineOrders(
  day: { readonly name: string; readonly index: number },
  lines: number,
  world: { readonly products: readonly [Product, ...Product[]]; readonly random: Random },
): { readonly events: CleanEvent[]; readonly sales: Sale[] } {
  const { random, products } = world;
  const events: CleanEvent[] = [];
  const sales: Sale[] = [];
  for (let count = 0; events.length < lines; count++) {
    const number = (day.index + 1) * 1_000_000 + count;
    const happening = happeningOn(day.name, random);
    const invoice = random.weighted<(options: InvoiceOptions) => Invoice>([
      [saleInvoice, 90],
      [cancellation, 9],
      [adjustment, 1],
    ])({ number, random, products });
    sales.push({ reference: invoice.number, amountMills: invoice.amountMills, happening });
    const customer = random.oneIn(4) ? '' : `${random.int(12_346, 12_946)}.0`;
    const country = random.weighted(COUNTRIES);
    for (const line of invoice.lines) events.push(lineEvent(invoice, line, { customer, country, happening }));
  }
  return { events, sales };
}

interface InvoiceOptions {
  readonly number: number;
  readonly random: Random;
  readonly products: readonly [Product, ...Product[]];
}

interface InvoiceLine {
  readonly product: Product;
  readonly quantity: number;
  readonly priceMills: number;
}

interface Invoice {
  readonly number: string;
  readonly lines: readonly InvoiceLine[];
  readonly amountMills: number;
  readonly breaksRule?: true;
}

function saleInvoice({ number, random, products }: InvoiceOptions): Invoice {
  const lines = distinctProducts(random, products).map((product) => {
    const quantity = random.weighted([
      [random.int(1, 12), 85],
      [random.int(24, 200), 15],
    ]);
    // A gift costs nothing: it is no sale, and no loss of money either.
    return { product, quantity, priceMills: random.oneIn(150) ? 0 : product.priceMills };
  });
  return invoiceOf(`${number}`, lines);
}

function cancellation({ number, random, products }: InvoiceOptions): Invoice {
  const lines = distinctProducts(random, products)
    .slice(0, 2)
    .map((product) => ({ product, quantity: -random.int(1, 12), priceMills: product.priceMills }));
  return invoiceOf(`C${number}`, lines);
}

/** A correction of the books with a price below zero, which the pipeline does not let pass. */
function adjustment({ number, random }: InvoiceOptions): Invoice {
  const product: Product = { stockCode: 'B', description: 'Adjust bad debt', priceMills: 0, category: 1 };
  const lines = [{ product, quantity: 1, priceMills: -random.int(1_000, 90_000) }];
  return { ...invoiceOf(`A${number}`, lines), amountMills: 0, breaksRule: true };
}

function invoiceOf(number: string, lines: readonly InvoiceLine[]): Invoice {
  const amountMills = lines.reduce((sum, { quantity, priceMills }) => sum + quantity * priceMills, 0);
  return { number, lines, amountMills };
}

/** No product twice in an invoice: an exact repetition would be a duplicate that nobody planted. */
function distinctProducts(random: Random, products: readonly [Product, ...Product[]]): Product[] {
  const picked = Array.from({ length: random.int(1, 12) }, () => random.pick(products));
  return [...new Set(picked)];
}

function lineEvent(
  invoice: Invoice,
  { product, quantity, priceMills }: InvoiceLine,
  { customer, country, happening }: { customer: string; country: string; happening: Happening },
): CleanEvent {
  return {
    fields: {
      InvoiceNo: invoice.number,
      StockCode: product.stockCode,
      Description: product.description,
      Quantity: `${quantity}`,
      InvoiceDate: shopTime(happening.epochMs),
      UnitPrice: formatMills(priceMills),
      CustomerID: customer,
      Country: country,
    },
    late: happening.late,
    future: happening.future,
    ...(invoice.breaksRule && { breaksRule: true }),
  };
}
