import type { Random } from './random.ts';

export interface Place {
  readonly zip: string;
  readonly city: string;
  readonly state: string;
  readonly county: string;
  /** Millionths of a degree. */
  readonly latMicro: number;
  readonly lonMicro: number;
}

/** First zip, city, state, county, latitude and longitude of the towns that the stores stand in. */
const TOWNS: readonly (readonly [number, string, string, string, number, number])[] = [
  [2108, 'Boston', 'MA', 'SUFFOLK', 42.357, -71.064],
  [4101, 'Portland', 'ME', 'CUMBERLAND', 43.661, -70.256],
  [6103, 'Hartford', 'CT', 'HARTFORD', 41.767, -72.674],
  [10001, 'New York', 'NY', 'NEW YORK', 40.75, -73.997],
  [15222, 'Pittsburgh', 'PA', 'ALLEGHENY', 40.449, -79.991],
  [21201, 'Baltimore', 'MD', 'BALTIMORE CITY', 39.295, -76.626],
  [27601, 'Raleigh', 'NC', 'WAKE', 35.774, -78.633],
  [30303, 'Atlanta', 'GA', 'FULTON', 33.753, -84.39],
  [33130, 'Miami', 'FL', 'MIAMI-DADE', 25.768, -80.204],
  [37203, 'Nashville', 'TN', 'DAVIDSON', 36.15, -86.789],
  [43215, 'Columbus', 'OH', 'FRANKLIN', 39.965, -83.004],
  [48226, 'Detroit', 'MI', 'WAYNE', 42.331, -83.047],
  [55401, 'Minneapolis', 'MN', 'HENNEPIN', 44.985, -93.27],
  [60601, 'Chicago', 'IL', 'COOK', 41.886, -87.622],
  [63101, 'Saint Louis', 'MO', 'ST. LOUIS CITY', 38.631, -90.192],
  [70112, 'New Orleans', 'LA', 'ORLEANS', 29.956, -90.077],
  [75201, 'Dallas', 'TX', 'DALLAS', 32.788, -96.799],
  [80202, 'Denver', 'CO', 'DENVER', 39.751, -104.998],
  [85004, 'Phoenix', 'AZ', 'MARICOPA', 33.451, -112.07],
  [90012, 'Los Angeles', 'CA', 'LOS ANGELES', 34.061, -118.239],
  [94103, 'San Francisco', 'CA', 'SAN FRANCISCO', 37.773, -122.411],
  [97204, 'Portland', 'OR', 'MULTNOMAH', 45.518, -122.674],
  [98101, 'Seattle', 'WA', 'KING', 47.61, -122.335],
  [99501, 'Anchorage', 'AK', 'ANCHORAGE', 61.212, -149.876],
];
const ZIPS_A_TOWN = 40;

/** Towns and made-up zips around them. */
export function createPlaces(random: Random): readonly [Place, ...Place[]] {
  const places = TOWNS.flatMap(([zip, city, state, county, lat, lon]) =>
    Array.from({ length: ZIPS_A_TOWN }, (_, index) => ({
      zip: `${zip + index}`.padStart(5, '0'),
      ...{ city, state, county },
      latMicro: Math.round(lat * 1e6) + random.int(-90_000, 90_000),
      lonMicro: Math.round(lon * 1e6) + random.int(-90_000, 90_000),
    })),
  );
  return places as unknown as readonly [Place, ...Place[]];
}

export function formatMicro(micro: number): string {
  return (micro / 1e6).toFixed(6);
}

export interface Store {
  readonly id: number;
  readonly place: Place;
  readonly name: string;
  readonly type: string;
}

const STORES = 120;

export function createStores(
  places: readonly [Place, ...Place[]],
  random: Random,
): readonly [Store, ...Store[]] {
  const stores = Array.from({ length: STORES }, (_, index) => {
    const place = random.pick(places);
    const type = random.weighted([
      ['BigBox', 66],
      ['Express', 12],
      ['Mobile', 22],
    ]);
    return {
      id: 1_000 + index,
      place,
      name: `${place.city} ${random.pick(['Mall', 'Plaza', 'Center', 'Square'])}`,
      type,
    };
  });
  return stores as unknown as readonly [Store, ...Store[]];
}
