import type { Row } from '../ports/data-files.ts';
import type { CheckedWorld } from './checker.ts';
import type { LoggedCommit, LoggedFile, LoggedTable, TableVersion } from './delta-log.ts';
import {
  type ModelRow,
  type ModelSlice,
  modelPages,
  modelRegions,
  modelSales,
  modelSlice,
  type SilverName,
  sliceOfEvent,
} from './model.ts';

type GoldName = 'gold.sales' | 'gold.pages' | 'gold.regions';

const SILVER: readonly SilverName[] = ['silver.orders', 'silver.clicks', 'silver.stores'];
const GOLD: readonly GoldName[] = ['gold.sales', 'gold.pages', 'gold.regions'];
const EMPTY: TableVersion = new Map();
const DAY_LENGTH = '2026-01-15'.length;

/**
 * Silver and gold against the model. Each commit is judged by the versions that it says it was made from: its rows are
 * what the model makes of those (I5, I12, I13), its accounting counts them, each slice is whole and of one run (I7). At
 * the end everything is what the model makes of all events (I9).
 */
export class BuildJudge {
  readonly #world: CheckedWorld;
  readonly #table: (root: string) => LoggedTable | undefined;
  /** `<table root> <slice> <run>` that has been committed. */
  readonly #committed = new Set<string>();
  readonly #bronzeRows = new Map<string, readonly ModelRow[]>();
  /** `<slice> <input>` → the version of the input that the slice was last made from: readers never go back in time. */
  readonly #readVersions = new Map<string, number>();

  constructor(world: CheckedWorld, table: (root: string) => LoggedTable | undefined) {
    this.#world = world;
    this.#table = table;
  }

  judge(table: LoggedTable, commit: LoggedCommit): readonly string[] {
    const [layer = '', name = ''] = table.root.split('/');
    const problems: string[] = [];
    const slices = new Set(commit.adds.map(({ slice }) => slice));
    for (const slice of slices) {
      const files = table.newest.get(slice) ?? [];
      const runs = new Set(files.map(({ tags }) => tags['lw.run'] ?? 'none'));
      if (runs.size !== 1) problems.push(`I7 slice ${slice} is half of one run, half of another`);
      for (const run of runs) this.#committed.add(`${table.root} ${slice} ${run}`);
    }
    if (
      commit.adds.length > 0 &&
      ![...commit.txns.keys()].some((appId) => appId.startsWith('lw/fence/dataset/'))
    )
      problems.push(`I4 version ${commit.version} builds without a fence`);
    if (layer !== 'silver' && layer !== 'gold') return problems;
    const dataset = `${layer}.${name}`;
    for (const slice of slices)
      problems.push(...this.#judgeSlice(dataset as SilverName | GoldName, slice, table));
    return problems;
  }

  /** What differs from what all events say. */
  whatIsMissing(strict: boolean): string | undefined {
    for (const dataset of SILVER) {
      const bronze = this.#table(`bronze/${nameOf(dataset)}`)?.newest ?? EMPTY;
      const table = this.#table(rootOf(dataset))?.newest ?? EMPTY;
      for (const slice of new Set([...this.#slicesIn(dataset, bronze), ...table.keys()])) {
        const wanted = modelSlice(dataset, this.#inputOf(dataset, bronze, slice), strict);
        const found = this.#silverSlice(dataset, slice);
        if (!isSame(found, wanted)) return `${dataset}@${slice}: ${difference(found, wanted)}`;
        const runs = this.#runsOf(dataset, slice);
        if (runs.size !== 1) return `${dataset}@${slice}: its tables name the runs ${[...runs].join(', ')}`;
      }
    }
    for (const dataset of GOLD) {
      for (const slice of this.#goldSlices(dataset)) {
        const wanted = this.#goldRows(dataset, slice, (root) => this.#table(root)?.newest ?? EMPTY);
        const found = this.#texts(rootOf(dataset), this.#table(rootOf(dataset))?.newest.get(slice) ?? []);
        if (found.join() !== wanted.join())
          return `${dataset}@${slice}: ${found.length} rows, not the ${wanted.length} wanted`;
      }
    }
    return undefined;
  }

  #judgeSlice(dataset: SilverName | GoldName, slice: string, table: LoggedTable): readonly string[] {
    const problems: string[] = [];
    const files = table.newest.get(slice) ?? [];
    const tags = files[0]?.tags ?? {};
    const run = tags['lw.run'] ?? 'none';
    for (const side of sidesOf(dataset)) {
      if (!this.#committed.has(`${side} ${slice} ${run}`))
        problems.push(`I7 ${dataset}@${slice} is of run ${run}, which has not committed ${side}`);
    }
    const rows = this.#texts(table.root, files);
    if (new Set(rows).size !== rows.length && dataset !== 'silver.clicks')
      problems.push(`I2 ${dataset}@${slice} holds a row twice`);
    const read = JSON.parse(tags['lw.inputs'] ?? '{}') as Readonly<Record<string, number>>;
    const inputs = (root: string) => {
      const version = read[root.replace('/', '.')];
      return (version === undefined ? undefined : this.#table(root)?.versions[version]) ?? EMPTY;
    };
    for (const [input, version] of Object.entries(read)) {
      const at = `${dataset}@${slice} ${input}`;
      // Gold is compared with a view of its inputs that may be older than itself; it comes right in the next pass.
      if (isSilver(dataset) && version < (this.#readVersions.get(at) ?? 0))
        problems.push(`I7 ${at} goes back to version ${version}`);
      this.#readVersions.set(at, version);
    }
    const accounting = JSON.parse(tags['lw.accounting'] ?? '{}') as Accounting;
    if (isSilver(dataset)) {
      const bronze = inputs(`bronze/${nameOf(dataset)}`);
      const landed = this.#inputOf(dataset, bronze, slice);
      // An agent of the version before may still be at work: either pipeline's rows will do.
      const models = [false, true]
        .map((strict) => modelSlice(dataset, landed, strict))
        .filter(({ silver }) => silver.join() === rows.join());
      if (models.length === 0) {
        problems.push(`I5 ${dataset}@${slice} is not what its ${landed.length} bronze rows make`);
      } else if (!models.some((model) => isCounted(accounting, landed.length, model))) {
        problems.push(`I12 ${dataset}@${slice} says ${JSON.stringify(accounting)} of ${landed.length} rows`);
      }
    } else {
      const wanted = this.#goldRows(dataset, slice, inputs);
      if (wanted.join() !== rows.join()) problems.push(`I13 ${dataset}@${slice} is not what its inputs make`);
      if (accounting.out !== rows.length || accounting.in !== rows.length + accounting.duplicates)
        problems.push(`I12 ${dataset}@${slice} says ${JSON.stringify(accounting)} of ${rows.length} rows`);
    }
    return problems;
  }

  #goldSlices(dataset: GoldName): ReadonlySet<string> {
    const slices = new Set(this.#table(rootOf(dataset))?.newest.keys());
    const read = (root: string) => [...(this.#table(root)?.newest.keys() ?? [])];
    if (dataset === 'gold.sales')
      for (const key of read('silver/orders')) slices.add(key.slice(0, DAY_LENGTH));
    if (dataset === 'gold.pages') for (const key of read('silver/clicks')) slices.add(key);
    if (dataset === 'gold.regions' && read('gold/sales').length > 0) slices.add('all');
    return slices;
  }

  #goldRows(dataset: GoldName, slice: string, versionOf: (root: string) => TableVersion): readonly string[] {
    const rows = (root: string, isRead: (key: string) => boolean) =>
      [...versionOf(root)].filter(([key]) => isRead(key)).flatMap(([, files]) => this.#texts(root, files));
    switch (dataset) {
      case 'gold.sales':
        return modelSales(
          slice,
          rows('silver/orders', (key) => key.startsWith(slice)),
        );
      case 'gold.pages':
        return modelPages(rows('silver/clicks', (key) => key === slice));
      case 'gold.regions': {
        const latest = [...versionOf('silver/stores').keys()].sort().at(-1);
        return modelRegions(
          rows('gold/sales', () => true),
          rows('silver/stores', (key) => key === latest),
        );
      }
    }
  }

  #silverSlice(dataset: SilverName, slice: string): ModelSlice {
    const rows = (layer: string) => {
      const root = `${layer}/${nameOf(dataset)}`;
      return this.#rows(root, this.#table(root)?.newest.get(slice) ?? []);
    };
    return {
      silver: rows('silver')
        .map((row) => JSON.stringify(row))
        .sort(),
      quarantine: rows('quarantine').map(coordinates).sort(),
      duplicates: rows('duplicates').map(coordinates).sort(),
    };
  }

  #runsOf(dataset: SilverName, slice: string): ReadonlySet<string> {
    const roots = [rootOf(dataset), ...sidesOf(dataset)];
    const files = roots.map((root) => this.#table(root)?.newest.get(slice)?.[0]);
    return new Set(files.map((file) => file?.tags['lw.run'] ?? 'none'));
  }

  #slicesIn(dataset: SilverName, bronze: TableVersion): ReadonlySet<string> {
    return new Set(this.#allRows(dataset, bronze).map(({ slice }) => slice));
  }

  #inputOf(dataset: SilverName, bronze: TableVersion, slice: string): readonly ModelRow[] {
    return this.#allRows(dataset, bronze).filter((row) => row.slice === slice);
  }

  #allRows(dataset: SilverName, bronze: TableVersion): readonly ModelRow[] {
    const root = `bronze/${nameOf(dataset)}`;
    return [...bronze.values()].flat().flatMap((file) => this.#modelRows(dataset, `${root}/${file.path}`));
  }

  #modelRows(dataset: SilverName, path: string): readonly ModelRow[] {
    const known = this.#bronzeRows.get(path);
    if (known !== undefined) return known;
    const rows = (this.#world.lake.get(path) ?? []).map((row) => ({
      at: coordinates(row),
      body: String(row.body),
      slice:
        dataset === 'silver.stores'
          ? String(row.window)
          : sliceOfEvent(dataset, String(row.body), Number(row.enqueuedMs)),
    }));
    this.#bronzeRows.set(path, rows);
    return rows;
  }

  #texts(root: string, files: readonly LoggedFile[]): readonly string[] {
    return this.#rows(root, files)
      .map((row) => JSON.stringify(row))
      .sort();
  }

  #rows(root: string, files: readonly LoggedFile[]): readonly Row[] {
    return files.flatMap(({ path }) => this.#world.lake.get(`${root}/${path}`) ?? []);
  }
}

interface Accounting {
  readonly in: number;
  readonly out: number;
  readonly quarantined: number;
  readonly duplicates: number;
}

function isCounted(accounting: Accounting, rows: number, model: ModelSlice): boolean {
  return (
    accounting.in === rows &&
    accounting.out === model.silver.length &&
    accounting.quarantined === model.quarantine.length &&
    accounting.duplicates === model.duplicates.length
  );
}

function isSilver(dataset: SilverName | GoldName): dataset is SilverName {
  return dataset.startsWith('silver.');
}

function nameOf(dataset: string): string {
  return dataset.slice(dataset.indexOf('.') + 1);
}

function rootOf(dataset: string): string {
  return dataset.replace('.', '/');
}

function sidesOf(dataset: string): readonly string[] {
  const duplicates = `duplicates/${nameOf(dataset)}`;
  return dataset.startsWith('silver.') ? [`quarantine/${nameOf(dataset)}`, duplicates] : [duplicates];
}

function coordinates({ generation, partition, sequence, file, row }: Row): string {
  return JSON.stringify(generation === undefined ? { file, row } : { generation, partition, sequence });
}

function isSame(a: ModelSlice, b: ModelSlice): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function difference(found: ModelSlice, wanted: ModelSlice): string {
  const count = ({ silver, quarantine, duplicates }: ModelSlice) =>
    `${silver.length} + ${quarantine.length} + ${duplicates.length}`;
  return `${count(found)} rows (silver, quarantine, duplicates), wanted ${count(wanted)}`;
}
