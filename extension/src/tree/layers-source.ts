import type { DatasetHealth, LayerHealth, SliceHealth } from '@lakewarden/contracts';
import { isIll } from '../../shared/states.ts';
import { countText, plural } from '../../shared/words.ts';
import { groupBy } from '../models/group-by.ts';
import type { LakeModel } from '../models/lake-model.ts';
import type { SliceFilter, SliceListing, SlicesModel } from '../models/slices-model.ts';
import { datasetNode, layerNode, monthNode, moreNode, noteNode, sliceNode } from './layer-nodes.ts';
import type { NodeSource, TreeNode } from './tree-node.ts';

/** Above so many slices they are folded into months. */
const FOLD_ABOVE = 60;
/** Datasets of a layer that are shown before somebody wants more. */
export const DATASETS_AT_ONCE = 500;

export interface LayersDeps {
  readonly lake: LakeModel;
  readonly slices: SlicesModel;
  readonly nowMs: () => number;
  readonly problemOf: (error: unknown) => string;
}

/** Layer → dataset → slices, or months of slices. */
export class LayersSource implements NodeSource {
  readonly #deps: LayersDeps;
  readonly #names = new Map<string, readonly string[]>();
  readonly #shown = new Map<string, number>();
  #members = -1;
  filter: SliceFilter = 'all';

  constructor(deps: LayersDeps) {
    this.#deps = deps;
  }

  roots(): readonly TreeNode[] {
    const { lake, nowMs } = this.#deps;
    const now = nowMs();
    const layers = lake.overview?.layers ?? [];
    if (lake.datasets.size === 0) return [];
    return layers
      .filter((layer) => this.filter === 'all' || (layer.counts.failed ?? 0) > 0)
      .map((layer) => layerNode(layer, now));
  }

  children(node: TreeNode): readonly TreeNode[] | Promise<readonly TreeNode[]> {
    const { target, dataset } = node.subject;
    if (node.id.startsWith('layer:')) return this.#datasets(target as LayerHealth['layer']);
    if (node.id.startsWith('month:')) return this.#month(dataset ?? '', node.label);
    return this.#slices(dataset ?? '');
  }

  closed(node: TreeNode): void {
    if (node.id.startsWith('dataset:')) this.#deps.slices.forget(node.subject.dataset ?? '');
  }

  /** `below`: a layer or a dataset whose rest is wanted. */
  async more(below: string): Promise<void> {
    if (below.startsWith('layer:'))
      this.#shown.set(below, (this.#shown.get(below) ?? DATASETS_AT_ONCE) + DATASETS_AT_ONCE);
    else await this.#deps.slices.more(below, this.filter);
  }

  /** By name, so that nothing moves under the hand; of those past the bound the ill ones are there all the same. */
  #datasets(layer: LayerHealth['layer']): readonly TreeNode[] {
    const below = `layer:${layer}`;
    const names = this.#namesOf(layer);
    const shownMax = this.#shown.get(below) ?? DATASETS_AT_ONCE;
    const { datasets } = this.#deps.lake;
    const nodes: TreeNode[] = [];
    let left = 0;
    for (const name of names) {
      const dataset = datasets.get(name);
      if (dataset === undefined) continue;
      if (this.filter === 'failed' && dataset.state !== 'failed' && (dataset.counts.failed ?? 0) === 0)
        continue;
      if (nodes.length < shownMax || (isIll(dataset.state) && nodes.length < shownMax + DATASETS_AT_ONCE))
        nodes.push(this.#datasetNode(dataset));
      else left++;
    }
    if (left > 0) nodes.push(moreNode(below, `${plural(left, 'dataset')} more`));
    return nodes;
  }

  #datasetNode(dataset: DatasetHealth): TreeNode {
    const { lake, nowMs } = this.#deps;
    const lag = dataset.source === undefined ? undefined : lake.sources.get(dataset.source)?.events;
    return datasetNode(dataset, nowMs(), lag, false);
  }

  #namesOf(layer: string): readonly string[] {
    const { datasets, members } = this.#deps.lake;
    if (this.#members !== members) {
      this.#names.clear();
      this.#members = members;
    }
    const known = this.#names.get(layer);
    if (known !== undefined) return known;
    const names = [...datasets.values()]
      .filter((dataset) => dataset.layer === layer)
      .map(({ name }) => name)
      .sort();
    this.#names.set(layer, names);
    return names;
  }

  #slices(dataset: string): readonly TreeNode[] | Promise<readonly TreeNode[]> {
    const { slices, problemOf } = this.#deps;
    const known = slices.peek(dataset, this.filter);
    if (known !== undefined) return this.#sliceNodes(known);
    return slices.load(dataset, this.filter).then(
      (listing) => this.#sliceNodes(listing),
      (error: unknown) => [noteNode(dataset, problemOf(error))],
    );
  }

  #sliceNodes({ dataset, items, hasMore }: SliceListing): readonly TreeNode[] {
    const now = this.#deps.nowMs();
    const more = hasMore ? [moreNode(dataset, `older than ${countText(items.length)} slices`)] : [];
    if (items.length <= FOLD_ABOVE) return [...items.map((slice) => sliceNode(slice, now)), ...more];
    return [...[...months(items)].map(([month, of]) => monthNode(dataset, month, of)), ...more];
  }

  #month(dataset: string, month: string): readonly TreeNode[] {
    const listing = this.#deps.slices.peek(dataset, this.filter);
    const now = this.#deps.nowMs();
    return (months(listing?.items ?? []).get(month) ?? []).map((slice) => sliceNode(slice, now));
  }
}

function months(items: readonly SliceHealth[]): ReadonlyMap<string, readonly SliceHealth[]> {
  return groupBy(items, ({ key }) => key.slice(0, 7));
}
