import { type BatchFile, batchFile } from './batch-file.ts';
import { formatMicro, type Place, type Store } from './places.ts';
import { NOTHING_EXPECTED } from './planted-event.ts';
import type { Random } from './random.ts';

/** `geo/stores.json`: some zips carry four more digits, some lost their leading zero; one store comes twice, one has no state. */
export function storesFile(stores: readonly Store[], random: Random): BatchFile {
  const records = stores.map(({ id, place, name, type }) => ({
    id,
    type,
    name,
    address: `${random.int(1, 9_999)} ${random.pick(['Main St', 'Market St', 'Lake Ave'])}`,
    address2: '',
    city: place.city,
    state: place.state,
    zip: spelledZip(place.zip, random),
    location: { lat: place.latMicro / 1e6, lon: place.lonMicro / 1e6 },
    hours: 'Mon: 10-9; Tue: 10-9; Wed: 10-9; Thurs: 10-9; Fri: 10-10; Sat: 10-10; Sun: 11-7',
    services: ['Click & Collect', ...(random.oneIn(2) ? ['Repairs'] : [])],
  }));
  const [first] = records;
  const planted = [...records, { ...first }, { ...first, id: 999, state: null }];
  return {
    dataset: 'stores',
    path: 'geo/stores.json',
    text: `[${planted.map((record) => JSON.stringify(record)).join(',\n')}]\n`,
    expected: {
      ...NOTHING_EXPECTED,
      rows: planted.length,
      kept: records.length,
      duplicates: 1,
      quarantined: { ...NOTHING_EXPECTED.quarantined, missing: 1 },
    },
  };
}

function spelledZip(zip: string, random: Random): string {
  if (zip.startsWith('0') && random.oneIn(3)) return zip.slice(1);
  return random.oneIn(10) ? `${zip}-${random.int(1_000, 9_999)}` : zip;
}

/** `geo/all_us_zipcodes.csv`: with a header line. */
export function zipcodesFile(places: readonly Place[]): BatchFile {
  const rows = places.map(({ zip, city, state, county, latMicro, lonMicro }) => [
    ...[zip, city, state, county, ''],
    ...[formatMicro(latMicro), formatMicro(lonMicro)],
  ]);
  const header = 'code,city,state,county,area_code,lat,lon';
  return batchFile({ dataset: 'zipcodes', path: 'geo/all_us_zipcodes.csv', header, delimiter: ',', rows });
}

const TREE: Readonly<Record<string, readonly string[]>> = {
  Kitchen: ['Mugs', 'Cake Stands', 'Tea Towels', 'Lunch Bags'],
  Home: ['Lanterns', 'Candle Holders', 'Photo Frames', 'Doormats'],
  Party: ['Bunting', 'Paper Goods', 'Balloons'],
  Gifts: ['Jewellery', 'Picnic', 'Hot Water Bottles'],
};

/** `catalog/categories.json`: two levels. */
export function categoriesFile(): BatchFile {
  const roots = Object.keys(TREE).map((name, index) => ({ id: `cat${index + 1}`, name }));
  const children = roots.map((root) =>
    (TREE[root.name] ?? []).map((name, index) => ({ id: `${root.id}-${index + 1}`, name })),
  );
  const records = roots.flatMap((root, at) => [
    { ...root, path: [root], subCategories: children[at] ?? [] },
    ...(children[at] ?? []).map((child) => ({ ...child, path: [root, child], subCategories: [] })),
  ]);
  const text = `[${records.map((record) => JSON.stringify(record)).join(',\n')}]\n`;
  const expected = { ...NOTHING_EXPECTED, rows: records.length, kept: records.length };
  return { dataset: 'categories', path: 'catalog/categories.json', text, expected };
}
