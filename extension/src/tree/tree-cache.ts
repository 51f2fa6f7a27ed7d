import { isSameRow, type NodeSource, type TreeNode } from './tree-node.ts';

/** A node with an identity: the same object for as long as a row of that id is there. */
export interface TreeElement {
  readonly id: string;
  readonly parent: TreeElement | undefined;
  node: TreeNode;
  /** As they were handed out; undefined: nobody has asked. */
  children: readonly TreeElement[] | undefined;
}

/** When so many rows below one changed, drawing the one again is less. */
const ROWS_MAX = 60;

/**
 * What of a tree was handed out, so that after a change only the rows that differ are drawn again. It looks at no more
 * than was asked for: of 10,000 datasets in a closed layer nothing is computed.
 */
export class TreeCache {
  readonly #source: NodeSource;
  #roots: readonly TreeElement[] | undefined;
  readonly #byId = new Map<string, TreeElement>();

  constructor(source: NodeSource) {
    this.#source = source;
  }

  /** Undefined: the roots. Throws what the source throws. */
  async childrenOf(element: TreeElement | undefined): Promise<readonly TreeElement[]> {
    const nodes = element === undefined ? this.#source.roots() : await this.#source.children(element.node);
    return this.#adopt(element, nodes);
  }

  get(id: string): TreeElement | undefined {
    return this.#byId.get(id);
  }

  closed(element: TreeElement): void {
    this.#forgetBelow(element);
    element.children = undefined;
    this.#source.closed?.(element.node);
  }

  /** What has to be drawn again, with what is below it; `undefined` stands for all. */
  async refresh(): Promise<readonly (TreeElement | undefined)[]> {
    if (this.#roots === undefined) return [];
    return await this.#refreshBelow(undefined, this.#roots);
  }

  async #refreshBelow(
    parent: TreeElement | undefined,
    before: readonly TreeElement[],
  ): Promise<readonly (TreeElement | undefined)[]> {
    const nodes = parent === undefined ? this.#source.roots() : await this.#source.children(parent.node);
    const isSameSet =
      nodes.length === before.length && nodes.every((node, index) => node.id === before[index]?.id);
    if (!isSameSet) {
      this.#adopt(parent, nodes);
      return [parent];
    }
    const changed: (TreeElement | undefined)[] = [];
    for (const [index, node] of nodes.entries()) {
      const element = before[index] as TreeElement;
      const isSame = isSameRow(element.node, node);
      element.node = node;
      if (!isSame) changed.push(element);
      else if (element.children !== undefined)
        changed.push(...(await this.#refreshBelow(element, element.children)));
    }
    return changed.length > ROWS_MAX ? [parent] : changed;
  }

  #adopt(parent: TreeElement | undefined, nodes: readonly TreeNode[]): readonly TreeElement[] {
    const before = parent === undefined ? this.#roots : parent.children;
    const kept = new Set(nodes.map(({ id }) => id));
    for (const element of before ?? []) if (!kept.has(element.id)) this.#forget(element);
    const elements = nodes.map((node) => {
      const known = this.#byId.get(node.id);
      if (known !== undefined && known.parent === parent) {
        known.node = node;
        return known;
      }
      const made: TreeElement = { id: node.id, parent, node, children: undefined };
      this.#byId.set(node.id, made);
      return made;
    });
    if (parent === undefined) this.#roots = elements;
    else parent.children = elements;
    return elements;
  }

  #forget(element: TreeElement): void {
    this.#forgetBelow(element);
    this.#byId.delete(element.id);
  }

  #forgetBelow(element: TreeElement): void {
    for (const child of element.children ?? []) this.#forget(child);
  }
}
