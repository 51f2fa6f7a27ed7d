import type { BatchFile } from './batch-file.ts';
import { daysBefore } from './calendar.ts';
import { createProducts, type Product } from './catalogue.ts';
import { CLICK_FAULTS, clicks } from './clicks.ts';
import { categoriesFile, storesFile, zipcodesFile } from './geo-files.ts';
import { ORDER_FAULTS, onlineOrders } from './online-orders.ts';
import { ONSITE_FAULTS, onsiteSales } from './onsite-sales.ts';
import { PAYMENT_FAULTS, paymentsOf } from './payments.ts';
import { createPlaces, createStores, type Place, type Store } from './places.ts';
import { plantFaults } from './plant-faults.ts';
import {
  addExpectations,
  type Expectation,
  expectationOf,
  NOTHING_EXPECTED,
  type PlantedEvent,
} from './planted-event.ts';
import { createRandom } from './random.ts';
import { vendorFiles } from './vendor-files.ts';

/** Everything that decides what is made: the same parameters give the same bytes, on any day and machine (I18). */
export interface WorldParameters {
  readonly seed: number;
  /** The first day that has not happened yet. */
  readonly asOf: string;
  readonly days: number;
  /** Online order lines in all, about; the other sources are sized after it. */
  readonly orderRows: number;
}

export const DEFAULT_WORLD: WorldParameters = { seed: 1, asOf: '2026-01-15', days: 14, orderRows: 12_000 };

/** Hub → dataset of the events that it carries. */
export const HUB_DATASETS = {
  orders: 'orders',
  clicks: 'clicks',
  pos: 'pos_sales',
  payments: 'payments',
} as const;
export type HubName = keyof typeof HUB_DATASETS;
export const HUB_NAMES = Object.keys(HUB_DATASETS) as HubName[];

/** The schema of the events drifts after this share of the days. */
const DRIFT_AFTER = 2 / 3;

export class GeneratedWorld {
  readonly parameters: WorldParameters;
  readonly days: readonly string[];
  readonly #products: readonly [Product, ...Product[]];
  readonly #places: readonly [Place, ...Place[]];
  readonly #stores: readonly [Store, ...Store[]];

  constructor(parameters: WorldParameters) {
    this.parameters = parameters;
    this.days = daysBefore(parameters.asOf, parameters.days);
    this.#products = createProducts(createRandom(parameters.seed, 'products'));
    this.#places = createPlaces(createRandom(parameters.seed, 'places'));
    this.#stores = createStores(this.#places, createRandom(parameters.seed, 'stores'));
  }

  /** All that arrives at a hub on a day, in the order of arrival. */
  eventsOf(hub: HubName, dayIndex: number): PlantedEvent[] {
    const { seed } = this.parameters;
    const name = this.days[dayIndex];
    if (name === undefined) return [];
    const changed = dayIndex >= this.days.length * DRIFT_AFTER;
    const random = createRandom(seed, 'faults', hub, name);
    const day = { name, index: dayIndex };
    switch (hub) {
      case 'orders':
        return plantFaults(this.#online(day).events, ORDER_FAULTS, { random, changed });
      case 'pos':
        return plantFaults(this.#onsite(day).events, ONSITE_FAULTS, { random, changed });
      case 'payments':
        return plantFaults(this.#payments(day), PAYMENT_FAULTS, { random, changed });
      case 'clicks': {
        const count = Math.ceil(this.#linesADay() / 2);
        const clean = clicks(day, count, createRandom(seed, 'clicks', name));
        return plantFaults(clean, CLICK_FAULTS, { random, changed });
      }
    }
  }

  batchFiles(): readonly BatchFile[] {
    const { seed, asOf } = this.parameters;
    return [
      storesFile(this.#stores, createRandom(seed, 'stores file')),
      zipcodesFile(this.#places),
      categoriesFile(),
      ...vendorFiles(asOf, createRandom(seed, 'vendors')),
    ];
  }

  /** By dataset: what every table must account for. Makes each day once more, so it costs as much as sending. */
  expected(): Record<string, Expectation> {
    const streams = HUB_NAMES.map((hub) => {
      const days = this.days.map((_, index) => expectationOf(this.eventsOf(hub, index)));
      return [HUB_DATASETS[hub], days.reduce(addExpectations, NOTHING_EXPECTED)] as const;
    });
    const batches = this.batchFiles().map((file) => [file.dataset, file.expected] as const);
    return Object.fromEntries([...streams, ...batches]);
  }

  #linesADay(): number {
    return Math.ceil(this.parameters.orderRows / this.parameters.days);
  }

  #online(day: { readonly name: string; readonly index: number }) {
    const random = createRandom(this.parameters.seed, 'online', day.name);
    return onlineOrders(day, this.#linesADay(), { random, products: this.#products });
  }

  #onsite(day: { readonly name: string; readonly index: number }) {
    const random = createRandom(this.parameters.seed, 'onsite', day.name);
    const storeIds = this.#stores.map((store) => store.id) as [number, ...number[]];
    return onsiteSales(day, Math.ceil(this.#linesADay() / 2), { random, products: this.#products, storeIds });
  }

  #payments(day: { readonly name: string; readonly index: number }) {
    const random = createRandom(this.parameters.seed, 'payments', day.name);
    return [
      ...paymentsOf('online', this.#online(day).sales, random),
      ...paymentsOf('onsite', this.#onsite(day).sales, random),
    ];
  }
}
